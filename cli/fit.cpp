// samebits fit: a Gaussian mixture from a file.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/json.hpp"
#include "cli/model.hpp"
#include "samebits/bayesian_gmm.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "fit";

/// Files with numbers to start from.
struct start_files {
  std::string weights;
  std::string means;
  std::string covariances;
  std::string precisions;
  std::string responsibilities;
  std::string model;
};

/// --bayesian and its priors.
struct prior_options {
  std::string weights;  // empty: no priors
  bayesian_gmm_options numbers;
  std::string mean_file;
  std::string covariance_file;
  std::vector<CLI::Option*> given;  // those that mean nothing without --bayesian
};

struct fit_options {
  std::string file;
  std::int64_t n_components = 0;  // 0: that of the warm start
  std::string covariance;         // empty: that of the warm start, or full
  std::string dtype = "float64";
  start_files start;
  std::string frozen_weights;
  std::string frozen_means;
  std::string frozen_covariances;
  std::string out_file;
  bool shows_trace = false;
  bool as_json = false;
  prior_options priors;
  fitting_options fitting;
  compute_options compute;
};

/// What the options of a fit point to.
struct inputs {
  std::optional<table> weights;
  std::optional<table> means;
  std::optional<table> covariances;
  std::optional<table> precisions;
  std::optional<table> responsibilities;
  std::optional<gmm_model> warm_start;
  std::vector<std::uint8_t> frozen_weights;
  std::vector<std::uint8_t> frozen_means;
  std::vector<std::uint8_t> frozen_covariances;
  std::optional<table> mean_prior;
  std::optional<table> covariance_prior;
};

// ---- what to fit -------------------------------------------------------------------------------------------------

/// A 1 for each component that the list names.
std::vector<std::uint8_t> frozen(const std::string& option, const std::string& list, std::int64_t n_components) {
  if (list.empty() || n_components < 1) {
    return {};  // the library refuses the number
  }
  const std::vector<std::int64_t> components = numbers_of(command_name, option, list);
  if (std::any_of(components.begin(), components.end(), [&](std::int64_t k) { return k >= n_components; })) {
    refuse(command_name,
           option + " is \"" + list + "\" but there are components 0 to " + std::to_string(n_components - 1));
  }
  std::vector<std::uint8_t> is_frozen(static_cast<std::size_t>(n_components));
  for (const std::int64_t k : components) {
    is_frozen[static_cast<std::size_t>(k)] = 1;
  }
  return is_frozen;
}

inputs read_start(const fit_options& o) {
  inputs in;
  in.weights = read_if_given(command_name, o.start.weights);
  in.means = read_if_given(command_name, o.start.means);
  in.covariances = read_if_given(command_name, o.start.covariances);
  in.precisions = read_if_given(command_name, o.start.precisions);
  in.responsibilities = read_if_given(command_name, o.start.responsibilities);
  if (!o.start.model.empty()) {
    in.warm_start = read_model(o.start.model);
  }
  in.mean_prior = read_if_given(command_name, o.priors.mean_file);
  in.covariance_prior = read_if_given(command_name, o.priors.covariance_file);
  return in;
}

covariance_type type_of(const fit_options& o, const inputs& in) {
  if (o.covariance.empty()) {
    return in.warm_start ? in.warm_start->covariance : covariance_type::full;
  }
  return covariance_of(command_name, o.covariance);
}

std::int64_t n_components_of(const fit_options& o, const inputs& in, bool is_given) {
  if (!is_given && !in.warm_start) {
    refuse(command_name, "--components is missing");
  }
  return is_given ? o.n_components : in.warm_start->n_components;
}

void freeze(const fit_options& o, inputs& in, gmm_options& options) {
  in.frozen_weights = frozen("--frozen-weights", o.frozen_weights, options.n_components);
  in.frozen_means = frozen("--frozen-means", o.frozen_means, options.n_components);
  in.frozen_covariances = frozen("--frozen-covariances", o.frozen_covariances, options.n_components);
  options.frozen_weights = in.frozen_weights;
  options.frozen_means = in.frozen_means;
  options.frozen_covariances = in.frozen_covariances;
}

/// The options with everything they name; `in` holds what was read.
gmm_options read_options(fit_options& o, inputs& in, bool has_n_components) {
  gmm_options options = o.fitting.read(command_name);
  in = read_start(o);
  options.covariance = type_of(o, in);
  options.n_components = n_components_of(o, in, has_n_components);
  if (in.weights) {
    options.weights_init = in.weights->values;
  }
  options.means_init = view(in.means);
  options.covariances_init = view(in.covariances);
  options.precisions_init = view(in.precisions);
  options.responsibilities_init = view(in.responsibilities);
  options.warm_start = in.warm_start ? &*in.warm_start : nullptr;
  freeze(o, in, options);
  return options;
}

bayesian_gmm_options with_priors(const fit_options& o, const inputs& in, const gmm_options& options) {
  bayesian_gmm_options all = o.priors.numbers;
  all.fit = options;
  if (o.priors.weights != "dirichlet" && o.priors.weights != "dirichlet-process") {
    refuse(command_name, "--bayesian is \"" + o.priors.weights + "\" but must be dirichlet or dirichlet-process");
  }
  all.prior = o.priors.weights == "dirichlet" ? weight_prior::dirichlet : weight_prior::dirichlet_process;
  if (in.mean_prior) {
    all.mean_prior = in.mean_prior->values;
  }
  all.covariance_prior = view(in.covariance_prior);
  return all;
}

/// Without --bayesian the posterior is empty.
bayesian_gmm_model fit(const context& ctx, const data_rows& data, const fit_options& o, const inputs& in,
                       gmm_options options) {
  progress bar;
  options.callback = watch(bar, options);
  if (!o.priors.weights.empty()) {
    const bayesian_gmm_options all = with_priors(o, in, options);
    return data.visit([&](auto x) { return bayesian_gmm_fit(ctx, x, all); });
  }
  bayesian_gmm_model result;
  result.mixture = data.visit([&](auto x) { return gmm_fit(ctx, x, options); });
  return result;
}

// ---- the answer --------------------------------------------------------------------------------------------------

json posterior_json(const fit_options& o, const bayesian_gmm_model& m) {
  json posterior;
  posterior["weight_prior"] = o.priors.weights;
  posterior["weight_concentration"] = m.weight_concentration;
  posterior["mean_precision"] = m.mean_precision;
  posterior["degrees_of_freedom"] = m.degrees_of_freedom;
  return posterior;
}

/// The file of the model, and what it was made of.
json answer_of(const context& ctx, const data_rows& data, const fit_options& o, const gmm_options& options,
               const bayesian_gmm_model& m) {
  json answer = json_header(ctx);
  answer["seed"] = options.seed;
  answer["task"] = options.task;
  answer["n_rows"] = data.n_rows();
  answer["dtype"] = dtype_name(data.dtype());
  answer.update(model_json(m.mixture));
  if (!o.priors.weights.empty()) {
    answer["bayesian"] = posterior_json(o, m);
  }
  return answer;
}

void print_trace(const gmm_model& m) {
  std::printf("\niteration  log-likelihood, nats per row\n");
  for (std::size_t i = 0; i < m.trace.size(); ++i) {
    std::printf("%9zu  %.17g\n", i, m.trace[i]);
  }
}

void print_answer(const context& ctx, const data_rows& data, const fit_options& o, const gmm_model& m) {
  const bool has_priors = !o.priors.weights.empty();
  std::printf("%lld rows x %lld columns%s, %lld components, %s covariances, %s\n",
              static_cast<long long>(data.n_rows()), static_cast<long long>(data.n_cols()),
              data.dtype() == SAMEBITS_FLOAT32 ? " of float32" : "", static_cast<long long>(m.n_components),
              name_of(m.covariance), place_text(ctx).c_str());
  std::printf("%s %.17g nats per row, %s after %lld iterations\n", has_priors ? "lower bound" : "log-likelihood",
              m.log_likelihood, m.converged ? "converged" : "not converged", static_cast<long long>(m.n_iter));
  std::printf("digest %s\n", gmm_digest(m).c_str());
  if (o.shows_trace) {
    print_trace(m);
  }
  print_model(m, data.column_names());
}

void check_priors(const fit_options& o) {
  for (const CLI::Option* const option : o.priors.given) {
    if (o.priors.weights.empty() && option->count() > 0) {
      refuse(command_name, option->get_name() + " needs --bayesian");
    }
  }
}

void run(fit_options& o, bool has_n_components) {
  check_priors(o);
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  inputs in;
  const gmm_options options = read_options(o, in, has_n_components);
  const data_rows data(command_name, o.file, dtype);
  const bayesian_gmm_model model = fit(ctx, data, o, in, options);
  const json answer = o.as_json || !o.out_file.empty() ? answer_of(ctx, data, o, options, model) : json();
  if (!o.out_file.empty()) {
    write_file(o.out_file, to_json(answer) + "\n");
  }
  if (o.as_json) {
    print_json(answer);
  } else {
    print_answer(ctx, data, o, model.mixture);
  }
}

// ---- options -----------------------------------------------------------------------------------------------------

void add_start(CLI::App& app, start_files& start) {
  const auto add = [&](const char* option, std::string& file, const char* description) {
    app.add_option(option, file, description)->type_name("FILE");
  };
  add("--weights-init", start.weights, "file of k weights");
  add("--means-init", start.means, "file of k x columns means");
  add("--covariances-init", start.covariances,
      "file of covariances: full, k matrices one below the other; tied, one; diag, k x columns; spherical, k; "
      "tied-diag, 1 x columns; tied-spherical, 1");
  add("--precisions-init", start.precisions, "file of their inverses, in the same layout");
  add("--responsibilities-init", start.responsibilities,
      "file of rows x k shares; a maximisation from these comes first");
  add("--warm-start", start.model, "file of a model to go on from, as --out writes it");
}

void add_frozen(CLI::App& app, fit_options& o) {
  const auto add = [&](const char* option, std::string& list, const char* what) {
    app.add_option(option, list, "components that keep their " + std::string(what) + ", such as 0,2..4")
        ->type_name("LIST");
  };
  add("--frozen-weights", o.frozen_weights, "weight");
  add("--frozen-means", o.frozen_means, "mean");
  add("--frozen-covariances", o.frozen_covariances, "covariance");
}

void add_priors(CLI::App& app, prior_options& p) {
  app.add_option("--bayesian", p.weights,
                 "fit by variational Bayes, with this prior of the weights: dirichlet or dirichlet-process");
  p.given.push_back(app.add_option("--weight-concentration", p.numbers.weight_concentration_prior,
                                   "prior concentration of the weights (default: 1 / components)"));
  p.given.push_back(app.add_option("--mean-precision", p.numbers.mean_precision_prior,
                                   "prior of the means: it counts as this many rows")
                        ->capture_default_str());
  p.given.push_back(app.add_option("--mean-prior", p.mean_file, "file of the prior's mean (default: that of the rows)")
                        ->type_name("FILE"));
  p.given.push_back(app.add_option("--degrees-of-freedom", p.numbers.degrees_of_freedom_prior,
                                   "of the Wishart prior of the precisions (default: the number of columns)"));
  p.given.push_back(app.add_option("--covariance-prior", p.covariance_file,
                                   "file of the prior's covariance, columns x columns; diag: 1 x columns (default: "
                                   "that of the rows)")
                        ->type_name("FILE"));
}

}  // namespace

void add_fit(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand("fit", "Fit a Gaussian mixture to the rows of a .csv or .npy file");
  const auto o = std::make_shared<fit_options>();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  CLI::Option* const n_components = command->add_option("--components,-k", o->n_components, "number of components");
  command->add_option("--covariance", o->covariance,
                      "full (default), tied, diag, spherical, tied-diag or tied-spherical");
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  o->fitting.add_to(*command);
  add_start(*command, o->start);
  add_frozen(*command, *o);
  add_priors(*command, o->priors);
  command->add_option("--out", o->out_file, "write the model as JSON to this file")->type_name("FILE");
  command->add_flag("--trace", o->shows_trace, "print the log-likelihood of every iteration (JSON always has it)");
  command->add_flag("--json", o->as_json, "print the model as JSON");
  o->compute.add_to(*command);
  command->callback([o, n_components] { run(*o, n_components->count() > 0); });
}

}  // namespace samebits::cli
