// samebits summarize: sums, means, variances and extremes of the columns of a file.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "cli/model.hpp"
#include "samebits/exact_sum.hpp"
#include "samebits/summary.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "summarize";

struct summarize_options {
  std::string file;
  std::string weights_file;
  std::string dtype = "float64";
  double ddof = 1;
  bool covariance = false;
  bool exact = false;
  bool as_json = false;
  compute_options compute;
};

struct column_results {
  summary moments;
  std::vector<double> covariance;  // [n_cols x n_cols], or empty
  std::vector<double> exact_sum;   // [n_cols], or empty
};

column_results compute(const context& ctx, const data_rows& data, const summarize_options& o) {
  const std::optional<table> weights = read_if_given(command_name, o.weights_file);
  std::span<const double> row_weights;
  if (weights) {
    row_weights = weights->values;
  }
  return data.visit([&](auto x) {
    column_results r;
    r.moments = samebits::summarize(ctx, x, row_weights, o.ddof);
    if (o.covariance) {
      r.covariance = samebits::covariance(ctx, x, row_weights, o.ddof);
    }
    if (o.exact) {
      r.exact_sum = samebits::exact_sum(ctx, x);
    }
    return r;
  });
}

json json_of(const context& ctx, const data_rows& data, const column_results& r) {
  json answer = json_header(ctx);
  answer["n_rows"] = r.moments.n_rows;
  answer["n_cols"] = data.n_cols();
  answer["dtype"] = dtype_name(data.dtype());
  answer["weight"] = r.moments.weight;
  answer["sum"] = r.moments.sum;
  if (!r.exact_sum.empty()) {
    answer["exact_sum"] = r.exact_sum;
  }
  answer["mean"] = r.moments.mean;
  answer["variance"] = r.moments.variance;
  answer["min"] = r.moments.min;
  answer["max"] = r.moments.max;
  if (!r.covariance.empty()) {
    answer["covariance"] = json_rows(r.covariance.data(), data.n_cols(), data.n_cols());
  }
  return answer;
}

/// The name of a column in the file, or its number counted from 0.
std::string column_name(const data_rows& data, std::size_t column) {
  return data.column_names().empty() ? std::to_string(column) : data.column_names()[column];
}

void print(const data_rows& data, const column_results& r) {
  std::printf("%lld rows\n", static_cast<long long>(r.moments.n_rows));
  std::printf("%-16s %24s %24s %24s %24s %24s\n", "column", "sum", "mean", "standard deviation", "min", "max");
  for (std::size_t a = 0; a < r.moments.sum.size(); ++a) {
    std::printf("%-16s %24.17g %24.17g %24.17g %24.17g %24.17g\n", column_name(data, a).c_str(), r.moments.sum[a],
                r.moments.mean[a], std::sqrt(r.moments.variance[a]), r.moments.min[a], r.moments.max[a]);
  }
  for (std::size_t a = 0; a < r.exact_sum.size(); ++a) {
    std::printf("exact sum of %-11s %24.17g\n", column_name(data, a).c_str(), r.exact_sum[a]);
  }
  for (std::size_t i = 0; i < r.covariance.size(); ++i) {
    const bool is_first = i % r.moments.sum.size() == 0;
    std::printf("%s%24.17g", is_first ? (i == 0 ? "covariance\n" : "\n") : " ", r.covariance[i]);
  }
  std::printf("%s", r.covariance.empty() ? "" : "\n");
}

void run(const summarize_options& o) {
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  const data_rows data(command_name, o.file, dtype);
  const column_results results = compute(ctx, data, o);
  if (o.as_json) {
    print_json(json_of(ctx, data, results));
  } else {
    print(data, results);
  }
}

}  // namespace

void add_summarize(CLI::App& app, int&) {
  CLI::App* const command =
      app.add_subcommand("summarize", "Sums, means, deviations and extremes of the columns of a file");
  const auto o = std::make_shared<summarize_options>();
  command->add_option("FILE", o->file, "the data: .csv with or without header, or .npy")->required();
  CLI::Option* const weights =
      command->add_option("--weights", o->weights_file, "file of a weight for each row")->type_name("FILE");
  command->add_option("--ddof", o->ddof, "taken off the weight in variances")->capture_default_str();
  command->add_flag("--covariance", o->covariance, "the covariance matrix as well");
  command->add_flag("--exact", o->exact, "correctly rounded sums as well, which the order of the rows does not touch")
      ->excludes(weights);
  command->add_option("--dtype", o->dtype, "take the numbers as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  command->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
