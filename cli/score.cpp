// samebits score: how likely rows are.
#include <cstdio>
#include <memory>
#include <type_traits>

#include "cli/model.hpp"
#include "samebits/gmm_model.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "score";

struct score_options {
  std::string model_file;
  std::string file;
  std::string weights_file;
  std::string dtype = "float64";
  std::string out_file;
  bool each_row = false;
  bool criteria = false;
  bool as_json = false;
  compute_options compute;
};

void check(const score_options& o) {
  if (o.each_row && o.criteria) {
    refuse(command_name, "--samples and --criteria are both given");
  }
  if (o.each_row && !o.weights_file.empty()) {
    refuse(command_name, "--samples and --weights are both given, but weights do not change the score of a row");
  }
  if (!o.each_row && !o.out_file.empty()) {
    refuse(command_name, "--out needs --samples");
  }
  if (o.each_row && o.as_json && o.out_file.empty()) {
    refuse(command_name, "--json with --samples needs --out with the name of a file");
  }
}

json answer_of(const context& ctx, const gmm_model& model, const data_rows& data) {
  json answer = json_header(ctx);
  answer["n_rows"] = data.n_rows();
  answer["dtype"] = dtype_name(data.dtype());
  answer["model_digest"] = gmm_digest(model);
  return answer;
}

// ---- each row ----------------------------------------------------------------------------------------------------

/// A call that puts the scores of rows, which are of type T, into `scores`.
template <class T>
auto scores_into(std::vector<T>& scores, const context& ctx, const gmm_model& model) {
  return [&](auto x) {
    if constexpr (std::is_same_v<decltype(x), matrix_view<const T>>) {
      scores.resize(static_cast<std::size_t>(x.n_rows()));
      gmm_score_samples(ctx, model, x, scores);
    }
  };
}

template <class T>
std::string write_scores(const context& ctx, const gmm_model& model, const data_rows& data, const score_options& o) {
  const auto n_rows = static_cast<std::uint64_t>(data.n_rows());
  number_output out(command_name, "--out", o.out_file, data.dtype(), {n_rows});
  std::vector<T> scores;
  const auto compute = scores_into(scores, ctx, model);
  in_chunks(command_name, o.out_file, n_rows, data.n_cols() + model.n_components,
            [&](std::uint64_t first, std::int64_t n) {
              data.visit_chunk(static_cast<std::int64_t>(first), n, compute,
                               [&](std::int64_t n_so_far) { data.visit(0, n_so_far, compute); });
              return out.write(std::span<T>(scores));
            });
  return out.finish();
}

void score_rows(const context& ctx, const gmm_model& model, const data_rows& data, const score_options& o) {
  const std::string digest = data.dtype() == SAMEBITS_FLOAT32 ? write_scores<float>(ctx, model, data, o)
                                                              : write_scores<double>(ctx, model, data, o);
  if (o.as_json) {
    json answer = answer_of(ctx, model, data);
    answer["digest"] = digest;
    print_json(answer);
  }
}

// ---- all rows ----------------------------------------------------------------------------------------------------

void print_criteria(const gmm_criteria& c) {
  std::printf("total           %.17g nats\n", c.log_likelihood);
  std::printf("parameters      %lld\n", static_cast<long long>(c.n_parameters));
  std::printf("AIC             %.17g\n", c.aic);
  std::printf("BIC             %.17g\n", c.bic);
  std::printf("entropy         %.17g nats\n", c.entropy);
  std::printf("ICL             %.17g\n", c.icl);
}

void score_all(const context& ctx, const gmm_model& model, const data_rows& data, const score_options& o) {
  const std::optional<table> weights = read_if_given(command_name, o.weights_file);
  std::span<const double> sample_weights;
  if (weights) {
    sample_weights = weights->values;
  }
  const double score = data.visit([&](auto x) { return gmm_score(ctx, model, x, sample_weights); });
  json answer = answer_of(ctx, model, data);
  answer["log_likelihood"] = score;
  std::optional<gmm_criteria> criteria;
  if (o.criteria) {
    criteria = data.visit([&](auto x) { return gmm_evaluate(ctx, model, x, sample_weights); });
    answer.update(criteria_json(*criteria));
  }
  if (o.as_json) {
    print_json(answer);
    return;
  }
  std::printf("log-likelihood  %.17g nats per row\n", score);
  if (criteria) {
    print_criteria(*criteria);
  }
}

void run(const score_options& o) {
  check(o);
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  const gmm_model model = read_model(o.model_file);
  const data_rows data(command_name, o.file, dtype);
  if (o.each_row) {
    score_rows(ctx, model, data, o);
  } else {
    score_all(ctx, model, data, o);
  }
}

}  // namespace

void add_score(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand("score", "Tell how likely the rows are under a model: nats per row");
  const auto o = std::make_shared<score_options>();
  command->add_option("MODEL", o->model_file, "the model, as fit --out writes it")->required();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  command->add_flag("--samples", o->each_row, "the log-likelihood of each row");
  command->add_flag("--criteria", o->criteria, "AIC, BIC, ICL and the entropy of the responsibilities as well");
  command->add_option("--weights", o->weights_file, "file of a weight for each row")->type_name("FILE");
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  command->add_option("--out", o->out_file, "of --samples: a file .npy or .csv; default: lines to standard output")
      ->type_name("FILE");
  command->add_flag("--json", o->as_json, "print JSON; with --samples it needs --out");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
