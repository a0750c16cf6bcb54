// samebits fit: a Gaussian mixture from a file.
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "samebits/gmm.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct fit_options {
  std::string file;
  std::string weights_file;
  std::string means_file;
  std::string covariances_file;
  std::string out_file;
  bool as_json = false;
  gmm_options gmm;
  compute_options compute;
};

matrix_view<const double> view(const std::optional<table>& t) {
  return t ? matrix_view<const double>(t->values.data(), t->n_rows, t->n_cols) : matrix_view<const double>();
}

std::optional<table> read_if_given(const std::string& file) {
  return file.empty() ? std::optional<table>() : read_table(file);
}

gmm_model fit(const context& ctx, const table& data, const fit_options& o) {
  const std::optional<table> weights = read_if_given(o.weights_file);
  const std::optional<table> means = read_if_given(o.means_file);
  const std::optional<table> covariances = read_if_given(o.covariances_file);
  gmm_options options = o.gmm;
  if (weights) {
    options.weights_init = weights->values;
  }
  options.means_init = view(means);
  options.covariances_init = view(covariances);
  progress bar;
  options.callback = [&](const gmm_iteration& i) {
    const double share = static_cast<double>(i.iteration) / static_cast<double>(o.gmm.max_iter);
    bar.show((static_cast<double>(i.restart) + share) / static_cast<double>(o.gmm.n_init),
             "restart " + std::to_string(i.restart + 1) + " of " + std::to_string(o.gmm.n_init) + ", iteration " +
                 std::to_string(i.iteration) + ", log-likelihood " + short_number(i.log_likelihood));
    return !interrupted();
  };
  return gmm_fit(ctx, {data.values.data(), data.n_rows, data.n_cols}, options);
}

/// Rows of n_cols numbers each, as an array of arrays.
json rows_of(const double* values, std::int64_t n_rows, std::int64_t n_cols) {
  json rows = json::array();
  for (std::int64_t i = 0; i < n_rows; ++i) {
    rows.push_back(std::vector<double>(values + i * n_cols, values + (i + 1) * n_cols));
  }
  return rows;
}

json model_json(const context& ctx, const table& data, const fit_options& o, const gmm_model& m) {
  json answer = json_header();
  answer["backend"] = ctx.backend();
  answer["isa"] = ctx.isa();
  answer["threads"] = ctx.n_threads();
  answer["seed"] = o.gmm.seed;
  answer["task"] = o.gmm.task;
  answer["n_rows"] = data.n_rows;
  answer["n_cols"] = data.n_cols;
  answer["n_components"] = m.n_components;
  answer["covariance_type"] = "full";
  answer["weights"] = m.weights;
  answer["means"] = rows_of(m.means.data(), m.n_components, m.n_cols);
  answer["covariances"] = json::array();
  for (std::int64_t k = 0; k < m.n_components; ++k) {
    answer["covariances"].push_back(rows_of(m.covariances.data() + k * m.n_cols * m.n_cols, m.n_cols, m.n_cols));
  }
  answer["log_likelihood"] = m.log_likelihood;
  answer["n_iter"] = m.n_iter;
  answer["converged"] = m.converged;
  answer["digest"] = gmm_digest(m);
  return answer;
}

void print_row(const char* label, const double* values, std::int64_t n) {
  std::printf("  %-14s", label);
  for (std::int64_t i = 0; i < n; ++i) {
    std::printf(" %12.6g", values[i]);
  }
  std::printf("\n");
}

void print_model(const context& ctx, const table& data, const gmm_model& m) {
  std::printf("%lld rows x %lld columns, %lld components, full covariances, on %s (%s, %d threads)\n",
              static_cast<long long>(data.n_rows), static_cast<long long>(data.n_cols),
              static_cast<long long>(m.n_components), ctx.backend(), ctx.isa(), ctx.n_threads());
  std::printf("log-likelihood %.17g nats per row, %s after %lld iterations\n", m.log_likelihood,
              m.converged ? "converged" : "not converged", static_cast<long long>(m.n_iter));
  std::printf("digest %s\n", gmm_digest(m).c_str());
  for (std::int64_t k = 0; k < m.n_components; ++k) {
    std::printf("\ncomponent %lld, weight %.6f\n", static_cast<long long>(k), m.weights[static_cast<std::size_t>(k)]);
    if (!data.column_names.empty()) {
      std::printf("  %-14s", "");
      for (const std::string& name : data.column_names) {
        std::printf(" %12.12s", name.c_str());
      }
      std::printf("\n");
    }
    print_row("mean", m.means.data() + k * m.n_cols, m.n_cols);
    for (std::int64_t a = 0; a < m.n_cols; ++a) {
      print_row(a == 0 ? "covariance" : "", m.covariances.data() + (k * m.n_cols + a) * m.n_cols, m.n_cols);
    }
  }
}

void run(const fit_options& o) {
  const context ctx = o.compute.context();
  const table data = read_table(o.file);
  const gmm_model model = fit(ctx, data, o);
  const json answer = model_json(ctx, data, o, model);
  if (!o.out_file.empty()) {
    write_file(o.out_file, to_json(answer) + "\n");
  }
  if (o.as_json) {
    print_json(answer);
  } else {
    print_model(ctx, data, model);
  }
}

}  // namespace

void add_fit(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand("fit", "Fit a Gaussian mixture to the rows of a .csv or .npy file");
  const auto o = std::make_shared<fit_options>();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  command->add_option("--components,-k", o->gmm.n_components, "number of components")->required();
  command->add_option("--seed", o->gmm.seed, "seed of the random start")->capture_default_str();
  command->add_option("--task", o->gmm.task, "index of this task among those that share the seed")
      ->capture_default_str();
  command->add_option("--n-init", o->gmm.n_init, "random starts; the best fit wins")->capture_default_str();
  command->add_option("--max-iter", o->gmm.max_iter, "most iterations")->capture_default_str();
  command
      ->add_option("--tol", o->gmm.tol,
                   "stop when the mean log-likelihood changes by at most this; negative: never stop early")
      ->capture_default_str();
  command->add_option("--reg-covar", o->gmm.reg_covar, "added to the diagonal of every covariance")
      ->capture_default_str();
  command->add_option("--weights-init", o->weights_file, "file of k weights");
  command->add_option("--means-init", o->means_file, "file of k x columns means");
  command->add_option("--covariances-init", o->covariances_file,
                      "file of k covariances one below the other, (k * columns) x columns");
  command->add_option("--out", o->out_file, "write the model as JSON to this file");
  command->add_flag("--json", o->as_json, "print the model as JSON");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
