// samebits pairwise: sums of a kernel over all pairs of rows.
#include <cstdio>
#include <memory>

#include "cli/pair_options.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* command_name = "pairwise";

struct pairwise_command {
  std::string file;
  std::string other_file;
  std::string weights_file;
  std::string other_weights_file;
  std::string mode;  // empty: not given
  std::string reduction = "total";
  std::string algorithm = "automatic";
  std::string dtype = "float64";
  std::string out_file;
  bool as_json = false;
  pair_kernel_options kernel;
  compute_options compute;
};

enum class pair_reduction { total, rows };

// ---- the question ------------------------------------------------------------------------------------------------

pairwise_mode mode_of(const pairwise_command& o) {
  const bool has_other = !o.other_file.empty();
  if (o.mode.empty()) {
    return has_other ? pairwise_mode::cross : pairwise_mode::v;
  }
  std::vector<std::pair<pairwise_mode, const char*>> values;
  for (const pairwise_mode mode : {pairwise_mode::v, pairwise_mode::u, pairwise_mode::upper}) {
    values.emplace_back(mode, name_of(mode));
  }
  const pairwise_mode mode = chosen(command_name, "--mode", o.mode, values);
  if (has_other) {
    refuse(command_name, "--mode is " + o.mode + ", which is for one file, but there are two");
  }
  return mode;
}

pair_reduction reduction_of(const std::string& name) {
  return chosen<pair_reduction>(command_name, "--reduction", name,
                                {{pair_reduction::total, "total"}, {pair_reduction::rows, "rows"}});
}

pairwise_algorithm algorithm_of(const std::string& name) {
  return chosen<pairwise_algorithm>(
      command_name, "--algorithm", name,
      {{pairwise_algorithm::automatic, "automatic"}, {pairwise_algorithm::direct, "direct"}});
}

void check_files(const pairwise_command& o, pair_reduction reduction) {
  const bool wants_rows = reduction == pair_reduction::rows;
  if (!wants_rows && !o.out_file.empty()) {
    refuse(command_name, "--out needs --reduction rows");
  }
  if (wants_rows && o.as_json && o.out_file.empty()) {
    refuse(command_name, "--json with --reduction rows needs --out with the name of a file");
  }
  if (!o.other_weights_file.empty() && o.other_file.empty()) {
    refuse(command_name, "--weights2 needs FILE2");
  }
  if (wants_rows && !o.other_file.empty() && !o.weights_file.empty()) {
    refuse(command_name,
           "--weights and --reduction rows are both given with two files, but the sum of a row of FILE does not "
           "depend on its own weight; --weights2 has the weights of the rows of FILE2");
  }
}

/// What is asked, with everything that it needs.
class question {
 public:
  explicit question(const pairwise_command& o) : options_(o.kernel.read(command_name)) {
    options_.mode = mode_of(o);
    reduction_ = reduction_of(o.reduction);
    options_.algorithm = algorithm_of(o.algorithm);
    bandwidths_ = o.kernel.bandwidths(command_name);
    check_files(o, reduction_);
    const samebits_dtype dtype = float_type(command_name, o.dtype);
    ctx_ = o.compute.context();
    x_.emplace(command_name, o.file, dtype);
    if (!o.other_file.empty()) {
      y_.emplace(command_name, o.other_file, dtype);
    }
    weights_ = read_if_given(command_name, o.weights_file);
    other_weights_ = read_if_given(command_name, o.other_weights_file);
    set_weights();
    set_bandwidths(o.kernel.is_median());
  }
  question(const question&) = delete;  // the options refer to weights and bandwidths
  question& operator=(const question&) = delete;

  const context& ctx() const { return *ctx_; }
  const data_rows& x() const { return *x_; }
  const data_rows* y() const { return y_ ? &*y_ : nullptr; }
  const pairwise_options& options() const { return options_; }
  pair_reduction reduction() const { return reduction_; }
  /// Empty where the kernel has none.
  const std::vector<double>& bandwidths() const { return bandwidths_; }
  std::size_t n_results() const { return bandwidths_.empty() ? 1 : bandwidths_.size(); }

 private:
  void set_weights() {
    if (weights_) {
      options_.x_weights = weights_->values;
    }
    if (other_weights_) {
      options_.y_weights = other_weights_->values;
    }
  }

  void set_bandwidths(bool is_median) {
    if (!core::has_bandwidth(options_.kernel)) {
      return;
    }
    if (is_median) {
      bandwidths_ = {visit_both(x(), y(), [&](auto rows, auto others) {
        return median_distance(command_name, ctx(), rows, others, options_.kernel);
      })};
    } else if (bandwidths_.empty()) {
      bandwidths_ = {options_.bandwidth};
    }
    if (bandwidths_.size() == 1) {
      options_.bandwidth = bandwidths_[0];
    } else {
      options_.bandwidths = bandwidths_;
    }
  }

  pairwise_options options_;
  pair_reduction reduction_;
  std::vector<double> bandwidths_;
  std::optional<context> ctx_;
  std::optional<data_rows> x_;
  std::optional<data_rows> y_;
  std::optional<table> weights_;
  std::optional<table> other_weights_;
};

void stop_if_interrupted() {
  if (interrupted()) {
    throw samebits::interrupted(std::string(command_name) + ": stopped by Ctrl-C");
  }
}

// ---- the answer --------------------------------------------------------------------------------------------------

/// One for each bandwidth.
std::vector<double> totals(const question& q) {
  std::vector<double> values = visit_both(q.x(), q.y(), [&](auto x, auto y) {
    return q.n_results() == 1 ? std::vector<double>{pairwise_sum(q.ctx(), x, y, q.options())}
                              : pairwise_sums(q.ctx(), x, y, q.options());
  });
  stop_if_interrupted();
  return values;
}

/// Row-major, a row for each row of x and a column for each bandwidth.
std::vector<double> row_sums(const question& q) {
  const auto n_rows = static_cast<std::size_t>(q.x().n_rows());
  std::vector<double> by_bandwidth(n_rows * q.n_results());
  visit_both(q.x(), q.y(), [&](auto x, auto y) { pairwise_rows(q.ctx(), x, y, q.options(), by_bandwidth); });
  stop_if_interrupted();
  if (q.n_results() == 1) {
    return by_bandwidth;
  }
  std::vector<double> by_row(by_bandwidth.size());
  for (std::size_t k = 0; k < q.n_results(); ++k) {
    for (std::size_t i = 0; i < n_rows; ++i) {
      by_row[i * q.n_results() + k] = by_bandwidth[k * n_rows + i];
    }
  }
  return by_row;
}

/// The digest of the numbers.
std::string write_row_sums(const question& q, const std::string& file) {
  std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(q.x().n_rows())};
  if (q.n_results() > 1) {
    shape.push_back(q.n_results());
  }
  number_output out(command_name, "--out", file, SAMEBITS_FLOAT64, shape);
  std::vector<double> values = row_sums(q);
  out.write(std::span<double>(values));
  return out.finish();
}

json answer_of(const question& q) {
  json answer = json_header(q.ctx());
  answer["n_rows"] = q.x().n_rows();
  if (q.y() != nullptr) {
    answer["n_rows2"] = q.y()->n_rows();
  }
  answer["n_cols"] = q.x().n_cols();
  answer["dtype"] = dtype_name(q.x().dtype());
  add_kernel_json(answer, q.options());
  if (q.bandwidths().size() == 1) {
    answer["bandwidth"] = q.bandwidths()[0];
  } else if (!q.bandwidths().empty()) {
    answer["bandwidths"] = q.bandwidths();
  }
  answer["mode"] = name_of(q.options().mode);
  answer["reduction"] = q.reduction() == pair_reduction::rows ? "rows" : "total";
  answer["algorithm"] = q.options().algorithm == pairwise_algorithm::direct ? "direct" : "automatic";
  return answer;
}

void print_totals(const question& q, const std::vector<double>& values) {
  const std::string pairs = std::string(", mode ") + name_of(q.options().mode);
  std::printf("%s%s\n", kernel_text(q.options()).c_str(), pairs.c_str());
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!q.bandwidths().empty()) {
      std::printf("bandwidth       %.17g\n", q.bandwidths()[k]);
    }
    std::printf("total           %.17g\n", values[k]);
  }
}

void answer_totals(const question& q, bool as_json) {
  const std::vector<double> values = totals(q);
  if (!as_json) {
    print_totals(q, values);
    return;
  }
  json answer = answer_of(q);
  if (values.size() == 1) {
    answer["value"] = values[0];
  } else {
    answer["values"] = values;
  }
  answer["digest"] = digest_text(values);
  print_json(answer);
}

void answer_row_sums(const question& q, const pairwise_command& o) {
  const std::string digest = write_row_sums(q, o.out_file);
  if (o.as_json) {
    json answer = answer_of(q);
    answer["digest"] = digest;
    print_json(answer);
  }
}

void run(const pairwise_command& o) {
  const question q(o);
  if (q.reduction() == pair_reduction::rows) {
    answer_row_sums(q, o);
  } else {
    answer_totals(q, o.as_json);
  }
}

}  // namespace

void add_pairwise(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand(
      "pairwise", "Sum a kernel over all pairs of rows: of one file, or of one file with those of another");
  const auto o = std::make_shared<pairwise_command>();
  command->add_option("FILE", o->file, "the rows: .csv with or without header, or .npy")->required();
  command->add_option("FILE2", o->other_file, "other rows: every row of FILE meets every row of this file");
  o->kernel.add_kernel_to(*command);
  command
      ->add_option("--bandwidth", o->kernel.bandwidth,
                   "h of gaussian, matern, inverse-multiquadric and laplacian: a number, several such as 0.5,1,2, or "
                   "median for the median distance between rows")
      ->type_name("LIST")
      ->default_str("1");
  o->kernel.add_parameters_to(*command, "of power: above 0, at most 2");
  command
      ->add_option("--mode", o->mode,
                   "which pairs of rows of FILE: v all, u without those of a row with itself, upper each pair once")
      ->default_str("v");
  command->add_option("--reduction", o->reduction, "total, or rows: a sum for each row of FILE")->capture_default_str();
  command
      ->add_option("--weights", o->weights_file,
                   "file of a weight for each row of FILE; a pair counts the product of its two weights")
      ->type_name("FILE");
  command->add_option("--weights2", o->other_weights_file, "the same for the rows of FILE2")->type_name("FILE");
  command
      ->add_option(
          "--algorithm", o->algorithm,
          "automatic takes totals of product, squared-distance and power 2 from sums over rows; direct looks at "
          "every pair")
      ->capture_default_str();
  command->add_option("--dtype", o->dtype, "compute with the rows as float64 or float32")
      ->type_name("TYPE")
      ->capture_default_str();
  command
      ->add_option("--out", o->out_file, "of --reduction rows: a file .npy or .csv; default: lines to standard output")
      ->type_name("FILE");
  command->add_flag("--json", o->as_json, "print JSON; with --reduction rows it needs --out");
  o->compute.add_to(*command);
  command->callback([o] { run(*o); });
}

}  // namespace samebits::cli
