// samebits two-sample: do two samples come from one distribution?
#include "samebits/two_sample.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/pair_options.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "two-sample";

struct two_sample_command {
  std::string file_a;
  std::string file_b;
  std::string test = "energy";
  std::string estimator = "v";
  std::string dtype = "float64";
  std::int64_t n_permutations = 9999;
  bool kernel_is_given = false;
  bool as_json = false;
  pair_kernel_options kernel;
  stream_options stream;
  compute_options compute;
};

enum class statistic { energy, mmd };

// ---- the question ------------------------------------------------------------------------------------------------

statistic statistic_of(const std::string& name) {
  return chosen<statistic>(command_name, "--test", name, {{statistic::energy, "energy"}, {statistic::mmd, "mmd"}});
}

estimator estimator_of(const std::string& name) {
  return chosen<estimator>(command_name, "--estimator", name, {{estimator::v, "v"}, {estimator::u, "u"}});
}

/// The energy distance is of one kernel, |x - y|^exponent.
pairwise_options energy_kernel(const pair_kernel_options& o, bool kernel_is_given) {
  if (kernel_is_given || !o.bandwidth.empty()) {
    refuse(command_name, std::string(kernel_is_given ? "--kernel" : "--bandwidth") + " needs --test mmd");
  }
  pair_kernel_options power = o;
  power.kernel_name = name_of(pair_kernel::power);
  return power.read(command_name);
}

struct question {
  statistic test;
  samebits::estimator type;
  pairwise_options kernel;
  bool has_median = false;  // the bandwidth is to be the median distance
};

question read(const two_sample_command& o) {
  question q{statistic_of(o.test), estimator_of(o.estimator), {}};
  if (q.test == statistic::energy) {
    q.kernel = energy_kernel(o.kernel, o.kernel_is_given);
    return q;
  }
  q.kernel = o.kernel.read(command_name);
  const std::vector<double> bandwidths = o.kernel.bandwidths(command_name);
  if (bandwidths.size() > 1) {
    refuse(command_name, "--bandwidth is \"" + o.kernel.bandwidth + "\" but must be median or one number");
  }
  q.has_median = core::has_bandwidth(q.kernel.kernel) && bandwidths.empty();
  q.kernel.bandwidth = bandwidths.empty() ? q.kernel.bandwidth : bandwidths[0];
  return q;
}

/// The median distance between different rows of both samples together.
template <class T>
double pooled_median(const context& ctx, matrix_view<const T> a, matrix_view<const T> b, pair_kernel kernel) {
  if (a.n_cols() != b.n_cols()) {
    return 1;  // the test says what is wrong
  }
  std::vector<T> pooled(a.data(), a.data() + a.n_rows() * a.n_cols());
  pooled.insert(pooled.end(), b.data(), b.data() + b.n_rows() * b.n_cols());
  const matrix_view<const T> rows(pooled.data(), a.n_rows() + b.n_rows(), a.n_cols());
  return median_distance(command_name, ctx, rows, matrix_view<const T>(), kernel);
}

// ---- the answer --------------------------------------------------------------------------------------------------

permutation_test_result run_test(const context& ctx, const data_rows& a, const data_rows& b, question& q,
                                 const permutation_test_options& test) {
  return visit_both(a, &b, [&](auto x, auto y) {
    if (q.has_median) {
      q.kernel.bandwidth = pooled_median(ctx, x, y, q.kernel.kernel);
    }
    return q.test == statistic::energy ? energy_test(ctx, x, y, test, q.kernel.exponent, q.type)
                                       : maximum_mean_discrepancy_test(ctx, x, y, test, q.kernel, q.type);
  });
}

permutation_test_result with_progress(const context& ctx, const data_rows& a, const data_rows& b, question& q,
                                      permutation_test_options test) {
  progress bar;
  test.callback = [&](std::int64_t n_done) {
    bar.show(static_cast<double>(n_done) / static_cast<double>(std::max<std::int64_t>(1, test.n_permutations)),
             std::to_string(n_done) + " of " + std::to_string(test.n_permutations) + " permutations");
    return !interrupted();
  };
  return run_test(ctx, a, b, q, test);
}

/// Of the statistic and that of every permutation.
std::string digest_of(const permutation_test_result& r) {
  sha256 hash;
  hash.update(std::span<const double>(&r.statistic, 1));
  hash.update(std::span<const double>(r.statistics));
  return digest_text(hash.finish());
}

json json_of(const context& ctx, const data_rows& a, const data_rows& b, const two_sample_command& o, const question& q,
             const permutation_test_options& test, const permutation_test_result& r) {
  json answer = json_header(ctx);
  answer["seed"] = test.stream.seed;
  answer["task"] = test.stream.task;
  answer["n_rows_a"] = a.n_rows();
  answer["n_rows_b"] = b.n_rows();
  answer["n_cols"] = a.n_cols();
  answer["dtype"] = dtype_name(a.dtype());
  answer["test"] = o.test;
  answer["estimator"] = o.estimator;
  add_kernel_json(answer, q.kernel);
  if (core::has_bandwidth(q.kernel.kernel)) {
    answer["bandwidth"] = q.kernel.bandwidth;
  }
  answer["n_permutations"] = r.n_permutations;
  answer["statistic"] = r.statistic;
  answer["n_as_large"] = r.n_as_large;
  answer["p_value"] = r.p_value;
  answer["digest"] = digest_of(r);
  return answer;
}

void print(const context& ctx, const data_rows& a, const data_rows& b, const question& q,
           const permutation_test_result& r) {
  std::printf("%lld and %lld rows x %lld columns%s, %s, %s\n", static_cast<long long>(a.n_rows()),
              static_cast<long long>(b.n_rows()), static_cast<long long>(a.n_cols()),
              a.dtype() == SAMEBITS_FLOAT32 ? " of float32" : "", kernel_text(q.kernel).c_str(),
              place_text(ctx).c_str());
  if (core::has_bandwidth(q.kernel.kernel)) {
    std::printf("bandwidth       %.17g\n", q.kernel.bandwidth);
  }
  std::printf("%-15s %.17g\n", q.test == statistic::energy ? "energy distance" : "MMD^2", r.statistic);
  std::printf("p-value         %.6g: of %lld permutations %lld have one as large\n", r.p_value,
              static_cast<long long>(r.n_permutations), static_cast<long long>(r.n_as_large));
}

void run(const two_sample_command& o) {
  question q = read(o);
  const samebits_dtype dtype = float_type(command_name, o.dtype);
  const context ctx = o.compute.context();
  permutation_test_options test;
  test.n_permutations = o.n_permutations;
  test.stream = o.stream.stream();
  test.keep_statistics = o.as_json;  // for the digest
  const data_rows a(command_name, o.file_a, dtype);
  const data_rows b(command_name, o.file_b, dtype);
  const permutation_test_result result = with_progress(ctx, a, b, q, test);
  if (o.as_json) {
    print_json(json_of(ctx, a, b, o, q, test, result));
  } else {
    print(ctx, a, b, q, result);
  }
}

}  // namespace

void add_two_sample(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand(
      "two-sample", "Test whether the rows of two files come from one distribution, by permutations of the rows");
  const auto o = std::make_shared<two_sample_command>();
  command->add_option("A", o->file_a, "the first sample: .csv with or without header, or .npy")->required();
  command->add_option("B", o->file_b, "the second sample")->required();
  command->add_option("--test", o->test, "energy: the energy distance, or mmd: the squared maximum mean discrepancy")
      ->capture_default_str();
  command->add_option("--permutations", o->n_permutations, "random ways to deal the rows out anew")
      ->type_name("N")
      ->capture_default_str();
  o->stream.add_to(*command);
  command
      ->add_option("--estimator", o->estimator, "means over all pairs of a sample: v, or u without a row with itself")
      ->capture_default_str();
  o->kernel.add_kernel_to(*command);
  command
      ->add_option("--bandwidth", o->kernel.bandwidth,
                   "h of the kernel of mmd: a number, or median for the median distance between rows")
      ->type_name("NUMBER")
      ->default_str("median");
  o->kernel.add_parameters_to(*command, "of distances in the energy distance: above 0, below 2");
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  command->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*command);
  command->callback([o, command] {
    o->kernel_is_given = command->count("--kernel") > 0;
    run(*o);
  });
}

}  // namespace samebits::cli
