// samebits select: how many components, and what covariances.
#include <cstdio>
#include <memory>

#include "cli/json.hpp"
#include "cli/model.hpp"
#include "samebits/gmm_file.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "select";

struct select_options {
  std::string file;
  std::string n_components = "1..8";
  std::string covariances = "all";
  std::string criterion = "bic";
  std::string dtype = "float64";
  std::string out_file;
  bool as_json = false;
  fitting_options fitting;
  compute_options compute;
};

gmm_criterion criterion_of(const std::string& name) {
  if (name == "bic") return gmm_criterion::bic;
  if (name == "aic") return gmm_criterion::aic;
  if (name == "icl") return gmm_criterion::icl;
  refuse(command_name, "--criterion is \"" + name + "\" but must be bic, aic or icl");
}

/// Shows how many of the runs have begun, and stops them when the user presses Ctrl-C.
std::function<bool(const gmm_iteration&)> watch_sweep(progress& bar, std::size_t n_runs) {
  return [&bar, n_runs, begun = std::size_t{0}](const gmm_iteration& i) mutable {
    begun += i.iteration == 0 ? 1 : 0;
    bar.show((static_cast<double>(begun) - 0.5) / static_cast<double>(n_runs),
             "run " + std::to_string(begun) + " of " + std::to_string(n_runs) + ", " +
                 std::to_string(i.weights.size()) + " components, iteration " + std::to_string(i.iteration));
    return !interrupted();
  };
}

// ---- the answer --------------------------------------------------------------------------------------------------

json candidates_json(const gmm_selection& s) {
  json candidates = json::array();
  for (const gmm_candidate& c : s.candidates) {
    json candidate = {{"covariance_type", name_of(c.covariance)}, {"n_components", c.n_components}};
    if (c.failure.empty()) {
      candidate.update(criteria_json(c.criteria));
      candidate["n_iter"] = c.n_iter;
      candidate["converged"] = c.converged;
    } else {
      candidate["failure"] = c.failure;
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

json answer_of(const context& ctx, const data_rows& data, const gmm_options& options, const select_options& o,
               const gmm_selection& s) {
  json answer = json_header(ctx);
  answer["seed"] = options.seed;
  answer["task"] = options.task;
  answer["n_rows"] = data.n_rows();
  answer["n_cols"] = data.n_cols();
  answer["dtype"] = dtype_name(data.dtype());
  answer["criterion"] = o.criterion;
  answer["candidates"] = candidates_json(s);
  answer["best"] = s.best;
  answer["model"] = model_json(s.model);
  return answer;
}

void print_candidate(const gmm_candidate& c, bool is_best) {
  std::printf("%c %-14s %10lld", is_best ? '*' : ' ', name_of(c.covariance), static_cast<long long>(c.n_components));
  if (!c.failure.empty()) {
    std::printf("  %s\n", c.failure.c_str());
    return;
  }
  std::printf(" %10lld %16.8g %16.8g %16.8g %16.8g%s\n", static_cast<long long>(c.criteria.n_parameters),
              c.criteria.log_likelihood, c.criteria.bic, c.criteria.aic, c.criteria.icl,
              c.converged ? "" : "  not converged");
}

void print_answer(const context& ctx, const data_rows& data, const gmm_selection& s) {
  std::printf("%lld rows x %lld columns%s, %s\n\n", static_cast<long long>(data.n_rows()),
              static_cast<long long>(data.n_cols()), data.dtype() == SAMEBITS_FLOAT32 ? " of float32" : "",
              place_text(ctx).c_str());
  std::printf("  %-14s %10s %10s %16s %16s %16s %16s\n", "covariance", "components", "parameters", "log-likelihood",
              "BIC", "AIC", "ICL");
  for (std::size_t i = 0; i < s.candidates.size(); ++i) {
    print_candidate(s.candidates[i], static_cast<std::int64_t>(i) == s.best);
  }
  std::printf("\ndigest %s\n", gmm_digest(s.model).c_str());
  print_model(s.model, data.column_names());
}

void run(select_options& o, bool has_n_components) {
  const gmm_criterion criterion = criterion_of(o.criterion);
  std::vector<std::int64_t> n_components = numbers_of(command_name, "--components", o.n_components);
  const std::vector<covariance_type> types = covariances_of(command_name, o.covariances);
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  gmm_options options = o.fitting.read(command_name);
  const data_rows data(command_name, o.file, dtype);
  if (!has_n_components) {  // the default must not ask for more than the rows can give
    std::erase_if(n_components, [&](std::int64_t k) { return k > data.n_rows(); });
  }
  gmm_selection selection;
  {
    progress bar;
    options.callback = watch_sweep(bar, types.size() * n_components.size() * static_cast<std::size_t>(options.n_init));
    selection = data.visit([&](auto x) { return gmm_select(ctx, x, types, n_components, options, criterion); });
  }
  if (!o.out_file.empty()) {
    write_file(o.out_file, gmm_to_json(selection.model));
  }
  if (o.as_json) {
    print_json(answer_of(ctx, data, options, o, selection));
  } else {
    print_answer(ctx, data, selection);
  }
}

}  // namespace

void add_select(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand(
      "select", "Fit mixtures with several numbers of components and types of covariance, keep the best");
  const auto o = std::make_shared<select_options>();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  CLI::Option* const n_components =
      command->add_option("--components,-k", o->n_components, "numbers of components, such as 1..8 or 2,4,8")
          ->type_name("LIST")
          ->capture_default_str();
  command
      ->add_option("--covariance", o->covariances, "all, or some of full,tied,diag,spherical,tied-diag,tied-spherical")
      ->type_name("LIST")
      ->capture_default_str();
  command->add_option("--criterion", o->criterion, "bic, aic or icl; the lowest wins")->capture_default_str();
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  o->fitting.add_to(*command);
  command->add_option("--out", o->out_file, "write the best model as JSON to this file")->type_name("FILE");
  command->add_flag("--json", o->as_json, "print all candidates and the best model as JSON");
  o->compute.add_to(*command);
  command->callback([o, n_components] { run(*o, n_components->count() > 0); });
}

}  // namespace samebits::cli
