#include "lib/distribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "samebits/core/weights.hpp"
#include "samebits/digest.hpp"
#include "samebits/error.hpp"

namespace samebits {
namespace {

// ---- the catalogue ------------------------------------------------------------------------------------------------

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t largest_rotation = 256;

constexpr distribution_parameter low_high[] = {{"low", 0}, {"high", 1}};
constexpr distribution_parameter mean_sd[] = {{"mean", 0}, {"sd", 1}};
constexpr distribution_parameter scale_alone[] = {{"scale", 1}};
constexpr distribution_parameter shape_scale[] = {{"shape", 1}, {"scale", 1}};
constexpr distribution_parameter a_b[] = {{"a", 1}, {"b", 1}};
constexpr distribution_parameter df_alone[] = {{"df", 1}};
constexpr distribution_parameter location_scale[] = {{"location", 0}, {"scale", 1}};
constexpr distribution_parameter mean_concentration[] = {{"mean", 0}, {"concentration", 1}};
constexpr distribution_parameter mean_sd_low_high[] = {{"mean", 0}, {"sd", 1}, {"low", -infinity}, {"high", infinity}};
constexpr distribution_parameter mean_alone[] = {{"mean", 1}};
constexpr distribution_parameter p_alone[] = {{"p", 0.5}};
constexpr distribution_parameter successes_p[] = {{"successes", 1}, {"p", 0.5}};

constexpr samebits_dtype reals[] = {SAMEBITS_FLOAT64, SAMEBITS_FLOAT32};
constexpr samebits_dtype counts[] = {SAMEBITS_INT64};
constexpr samebits_dtype words64[] = {SAMEBITS_UINT64};
constexpr samebits_dtype words32[] = {SAMEBITS_UINT32};

constexpr distribution_info catalogue[] = {
    {SAMEBITS_WORDS, "words", {}, nullptr, 0, nullptr, words32},
    {SAMEBITS_WORDS64, "words64", {}, nullptr, 0, nullptr, words64},
    {SAMEBITS_UNIFORM, "uniform", low_high, nullptr, 0, nullptr, reals},
    {SAMEBITS_UNIFORM_POSITIVE, "uniform_positive", {}, nullptr, 0, nullptr, reals},
    {SAMEBITS_UNIFORM_OPEN, "uniform_open", {}, nullptr, 0, nullptr, reals},
    {SAMEBITS_UNIFORM_CURAND, "uniform_curand", {}, nullptr, 0, nullptr, reals},
    {SAMEBITS_INTEGERS, "integers", {}, "n", 2, nullptr, words64},
    {SAMEBITS_NORMAL, "normal", mean_sd, nullptr, 0, nullptr, reals},
    {SAMEBITS_LOGNORMAL, "lognormal", mean_sd, nullptr, 0, nullptr, reals},
    {SAMEBITS_EXPONENTIAL, "exponential", scale_alone, nullptr, 0, nullptr, reals},
    {SAMEBITS_GAMMA, "gamma", shape_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_BETA, "beta", a_b, nullptr, 0, nullptr, reals},
    {SAMEBITS_CHI_SQUARE, "chi_square", df_alone, nullptr, 0, nullptr, reals},
    {SAMEBITS_STUDENT_T, "student_t", df_alone, nullptr, 0, nullptr, reals},
    {SAMEBITS_CAUCHY, "cauchy", location_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_LAPLACE, "laplace", location_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_LOGISTIC, "logistic", location_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_GUMBEL, "gumbel", location_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_WEIBULL, "weibull", shape_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_PARETO, "pareto", shape_scale, nullptr, 0, nullptr, reals},
    {SAMEBITS_VON_MISES, "von_mises", mean_concentration, nullptr, 0, nullptr, reals},
    {SAMEBITS_TRUNCATED_NORMAL, "truncated_normal", mean_sd_low_high, nullptr, 0, nullptr, reals},
    {SAMEBITS_POISSON, "poisson", mean_alone, nullptr, 0, nullptr, counts},
    {SAMEBITS_BINOMIAL, "binomial", p_alone, "n", 1, nullptr, counts},
    {SAMEBITS_NEGATIVE_BINOMIAL, "negative_binomial", successes_p, nullptr, 0, nullptr, counts},
    {SAMEBITS_GEOMETRIC, "geometric", p_alone, nullptr, 0, nullptr, counts},
    {SAMEBITS_CATEGORICAL, "categorical", {}, nullptr, 0, "weights", counts},
    {SAMEBITS_CATEGORICAL_CUMULATIVE, "categorical_cumulative", {}, nullptr, 0, "weights", counts},
    {SAMEBITS_MULTINOMIAL, "multinomial", {}, "n", 1, "weights", counts},
    {SAMEBITS_DIRICHLET, "dirichlet", {}, nullptr, 0, "concentrations", reals},
    {SAMEBITS_MULTIVARIATE_NORMAL, "multivariate_normal", {}, "n_cols", 1, "mean_and_factor", reals},
    {SAMEBITS_SPHERE, "sphere", {}, "n_cols", 3, nullptr, reals},
    {SAMEBITS_ROTATION, "rotation", {}, "n", 3, nullptr, reals},
};
static_assert(std::size(catalogue) == SAMEBITS_N_DISTRIBUTIONS);

std::string dtype_text(samebits_dtype dtype) {
  constexpr const char* names[] = {"float64", "float32", "int64", "uint64", "uint32"};
  const auto number = static_cast<std::size_t>(dtype);
  return number < std::size(names) ? names[number] : std::to_string(static_cast<int>(dtype));
}

// ---- checks -------------------------------------------------------------------------------------------------------

/// What a parameter may be.
struct domain {
  double low;
  bool low_itself;
  double high;
  const char* words;
};
constexpr double largest = std::numeric_limits<double>::max();
constexpr double largest_float = std::numeric_limits<float>::max();
bool fits_float(double value) { return std::isinf(value) || std::fabs(value) <= largest_float; }

constexpr domain any_number = {-largest, true, largest, "must be finite"};
constexpr domain any_bound = {-infinity, true, infinity, "must be a number or infinite"};
constexpr domain not_negative = {0, true, largest, "must be finite and not negative"};
constexpr domain positive = {0, false, largest, "must be finite and positive"};
constexpr domain probability = {0, true, 1, "must lie in [0, 1]"};
constexpr domain some_probability = {0, false, 1, "must lie in (0, 1]"};
constexpr domain poisson_mean = {0, true, core::largest_count, "must lie in [0, 2^50]"};
constexpr domain angle = {-core::math_constants<double>::pi_high, true, core::math_constants<double>::pi_high,
                          "must lie in [-pi, pi]"};
constexpr domain concentration = {0, true, 1e150, "must lie in [0, 1e150]"};

domain domain_of(samebits_distribution_kind kind, std::string_view parameter) {
  if (parameter == "p") {
    return kind == SAMEBITS_BINOMIAL ? probability : some_probability;
  }
  if (parameter == "concentration") {
    return concentration;
  }
  if (parameter == "mean" && kind == SAMEBITS_POISSON) {
    return poisson_mean;
  }
  if (parameter == "mean" && kind == SAMEBITS_VON_MISES) {
    return angle;
  }
  if ((parameter == "low" || parameter == "high") && kind == SAMEBITS_TRUNCATED_NORMAL) {
    return any_bound;
  }
  if (parameter == "sd" || parameter == "scale") {
    return not_negative;
  }
  const bool is_location = parameter == "mean" || parameter == "location" || parameter == "low" || parameter == "high";
  return is_location ? any_number : positive;
}

class checker {
 public:
  checker(const char* function, const samebits_distribution& d, const distribution_info& info)
      : prefix_(std::string(function) + ": " + info.name + "."), d_(d), info_(info) {}

  void parameters(samebits_dtype dtype) const {
    for (std::size_t i = 0; i < info_.parameters.size(); ++i) {
      const double value = d_.parameters[i];
      const char* const name = info_.parameters[i].name;
      const domain allowed = domain_of(info_.kind, name);
      require((allowed.low_itself ? value >= allowed.low : value > allowed.low) && value <= allowed.high, name, value,
              allowed.words);
      require(dtype != SAMEBITS_FLOAT32 || fits_float(value), name, value, "is above the largest float32");
    }
    if (info_.kind == SAMEBITS_UNIFORM) {
      interval(0);
      const auto float_range = static_cast<float>(d_.parameters[1]) - static_cast<float>(d_.parameters[0]);
      const double range = dtype == SAMEBITS_FLOAT32 ? float_range : d_.parameters[1] - d_.parameters[0];
      require(std::isfinite(range), "high", d_.parameters[1],
              "its distance from low is too large for the samples' type");
    }
    if (info_.kind == SAMEBITS_TRUNCATED_NORMAL) {
      interval(2);
      require(d_.parameters[2] < infinity, "low", d_.parameters[2], "must be below infinity");
      require(d_.parameters[3] > -infinity, "high", d_.parameters[3], "must be above -infinity");
    }
  }

  void count() const {
    switch (info_.kind) {
      case SAMEBITS_INTEGERS: return count_within(1, std::numeric_limits<std::uint64_t>::max(), "must be positive");
      case SAMEBITS_BINOMIAL:
      case SAMEBITS_MULTINOMIAL: return count_within(0, std::uint64_t{1} << 50, "must lie in [0, 2^50]");
      case SAMEBITS_MULTIVARIATE_NORMAL:
      case SAMEBITS_SPHERE: return count_within(1, std::uint64_t{1} << 20, "must lie in [1, 2^20]");
      case SAMEBITS_ROTATION: return count_within(1, largest_rotation, "must lie in [1, 256]");
      default: return;
    }
  }

  void values(samebits_dtype dtype) const {
    if (info_.values == nullptr) {
      return;
    }
    if (d_.n_values < 1 || d_.values == nullptr) {
      throw invalid_argument(prefix_ + info_.values + " is empty");
    }
    if (info_.kind == SAMEBITS_MULTIVARIATE_NORMAL) {
      const auto n = static_cast<std::int64_t>(d_.count);
      if (d_.n_values != n + n * n) {
        throw invalid_argument(prefix_ + info_.values + " has " + std::to_string(d_.n_values) +
                               " values but n_cols is " + std::to_string(n) + ", which takes " +
                               std::to_string(n + n * n));
      }
      each([](double v) { return std::isfinite(v); }, "must be finite");
      if (dtype == SAMEBITS_FLOAT32) {
        each(fits_float, "is above the largest float32");
      }
      return;
    }
    if (info_.kind == SAMEBITS_DIRICHLET) {
      return each([](double v) { return v > 0 && std::isfinite(v); }, "must be finite and positive");
    }
    each([](double v) { return v >= 0 && std::isfinite(v); }, "must be finite and not negative");
    double sum = 0;
    for (std::int64_t i = 0; i < d_.n_values; ++i) {
      sum += d_.values[i];
    }
    // Far enough from the limits that any other order of adding stays within them too.
    if (!(sum >= 0x1p-1000 && sum <= 0x1p1000)) {
      throw invalid_argument(prefix_ + info_.values + " has the sum " + short_text(sum) +
                             " but it must lie in [2^-1000, 2^1000]");
    }
  }

 private:
  static std::string short_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
  }

  void require(bool holds, const std::string& name, double value, const char* rule) const {
    if (!holds) {
      throw invalid_argument(prefix_ + name + " is " + short_text(value) + " but " + rule);
    }
  }

  void interval(std::size_t low) const {
    require(d_.parameters[low] <= d_.parameters[low + 1], "low", d_.parameters[low],
            ("high is " + short_text(d_.parameters[low + 1])).c_str());
  }

  void count_within(std::uint64_t low, std::uint64_t high, const char* rule) const {
    if (d_.count < low || d_.count > high) {
      // A negative number arrives here as a huge one.
      const auto as_signed = static_cast<std::int64_t>(d_.count);
      throw invalid_argument(prefix_ + info_.count + " is " +
                             (info_.kind == SAMEBITS_INTEGERS ? std::to_string(d_.count) : std::to_string(as_signed)) +
                             " but " + rule);
    }
  }

  template <class Holds>
  void each(const Holds& holds, const char* rule) const {
    for (std::int64_t i = 0; i < d_.n_values; ++i) {
      require(holds(d_.values[i]), std::string(info_.values) + "[" + std::to_string(i) + "]", d_.values[i], rule);
    }
  }

  std::string prefix_;
  const samebits_distribution& d_;
  const distribution_info& info_;
};

const distribution_info& info_of(const char* function, const samebits_distribution& d) {
  if (d.struct_size != sizeof(samebits_distribution)) {
    throw invalid_argument(std::string(function) + ": distribution.struct_size is " + std::to_string(d.struct_size) +
                           "; call samebits_distribution_init first");
  }
  if (d.kind < 0 || d.kind >= SAMEBITS_N_DISTRIBUTIONS) {
    throw invalid_argument(std::string(function) + ": distribution.kind is " + std::to_string(d.kind) +
                           " but must lie in [0, " + std::to_string(SAMEBITS_N_DISTRIBUTIONS) + ")");
  }
  return catalogue[d.kind];
}

}  // namespace

std::span<const distribution_info> list_distributions() { return catalogue; }

const distribution_info& require_valid(const char* function, const samebits_distribution& d, samebits_dtype dtype) {
  const distribution_info& info = info_of(function, d);
  if (std::find(info.dtypes.begin(), info.dtypes.end(), dtype) == info.dtypes.end()) {
    std::string allowed = dtype_text(info.dtypes.front());
    for (const samebits_dtype other : info.dtypes.subspan(1)) {
      allowed += " or " + dtype_text(other);
    }
    throw invalid_argument(std::string(function) + ": dtype is " + dtype_text(dtype) + " but samples of " + info.name +
                           " are " + allowed);
  }
  const checker check(function, d, info);
  check.parameters(dtype);
  check.count();
  check.values(dtype);
  return info;
}

std::int64_t row_size(const samebits_distribution& d) {
  const distribution_info& info = info_of("row_size", d);
  const checker check("row_size", d, info);
  check.count();
  check.values(SAMEBITS_FLOAT64);
  return checked_row_size(d);
}

std::int64_t checked_row_size(const samebits_distribution& d) {
  const auto count = static_cast<std::int64_t>(d.count);
  switch (static_cast<samebits_distribution_kind>(d.kind)) {
    case SAMEBITS_MULTINOMIAL:
    case SAMEBITS_DIRICHLET: return d.n_values;
    case SAMEBITS_MULTIVARIATE_NORMAL:
    case SAMEBITS_SPHERE: return count;
    case SAMEBITS_ROTATION: return count * count;
    default: return 1;
  }
}

std::vector<double> sampler_table(const samebits_distribution& d) {
  const auto n = static_cast<std::size_t>(d.n_values);
  std::vector<double> table;
  switch (static_cast<samebits_distribution_kind>(d.kind)) {
    case SAMEBITS_CATEGORICAL: {
      table.resize(2 * n);
      std::vector<std::int64_t> order(n);
      core::alias_table(d.values, d.n_values, table.data(), table.data() + n, order.data());
      break;
    }
    case SAMEBITS_CATEGORICAL_CUMULATIVE:
      table.resize(n);
      core::cumulative_weights(d.values, d.n_values, table.data());
      break;
    case SAMEBITS_MULTINOMIAL:
      table.resize(n);
      core::conditional_weights(d.values, d.n_values, table.data());
      break;
    default: break;
  }
  return table;
}

std::uint64_t sequence_length(const samebits_distribution& d) {
  constexpr std::uint64_t elements = std::uint64_t{1} << 60;
  constexpr std::uint64_t samples = std::uint64_t{1} << (64 - core::blocks_per_sample_log2);
  switch (static_cast<samebits_distribution_kind>(d.kind)) {
    case SAMEBITS_GAMMA:
    case SAMEBITS_BETA:
    case SAMEBITS_CHI_SQUARE:
    case SAMEBITS_STUDENT_T:
    case SAMEBITS_VON_MISES:
    case SAMEBITS_TRUNCATED_NORMAL:
    case SAMEBITS_POISSON:
    case SAMEBITS_BINOMIAL:
    case SAMEBITS_NEGATIVE_BINOMIAL:
    case SAMEBITS_GEOMETRIC: return samples;
    case SAMEBITS_MULTINOMIAL:
    case SAMEBITS_DIRICHLET: return samples / static_cast<std::uint64_t>(d.n_values);
    case SAMEBITS_MULTIVARIATE_NORMAL:
    case SAMEBITS_SPHERE: return elements / d.count;
    case SAMEBITS_ROTATION: return elements / (d.count * d.count);
    default: return elements;
  }
}

}  // namespace samebits
