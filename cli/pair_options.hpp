// What the commands of sums over pairs share: the kernel and its parameters as options, one or two tables of rows.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "cli/model.hpp"
#include "samebits/pairwise.hpp"

namespace samebits::cli {

/// --kernel and the parameters of kernels.
struct pair_kernel_options {
  std::string kernel_name = "gaussian";
  std::string bandwidth;  // empty: not given
  std::optional<double> exponent;
  std::optional<double> gamma;
  std::optional<double> offset;
  std::optional<std::int32_t> degree;

  void add_kernel_to(CLI::App& app);
  void add_parameters_to(CLI::App& app, const std::string& exponent_help);

  /// The kernel with its parameters, but for the bandwidth. Throws invalid_argument where one is given that the kernel
  /// does not have.
  pairwise_options read(const std::string& command) const;

  /// The numbers of --bandwidth, in their order. None: it is the median.
  std::vector<double> bandwidths(const std::string& command) const;
  bool is_median() const { return bandwidth == "median"; }

 private:
  void check_parameters(const std::string& command, pair_kernel kernel) const;
};

/// Adds the kernel and its parameters, but for the bandwidth.
void add_kernel_json(nlohmann::ordered_json& answer, const pairwise_options& options);

/// "kernel power with exponent 1" without the bandwidth.
std::string kernel_text(const pairwise_options& options);

/// The middle one of the distances between different rows, or with two tables between the rows of one and those of the
/// other: the bandwidth that --bandwidth median asks for. Laplacian kernels are of L1 distances, all others of
/// Euclidean ones.
///
/// Gretton, Borgwardt, Rasch, Schoelkopf, Smola: "A kernel two-sample test", JMLR 13 (2012), section 8.
template <class T>
double median_distance(const std::string& command, const context& ctx, matrix_view<const T> x, matrix_view<const T> y,
                       pair_kernel kernel) {
  pairwise_options distance;
  distance.kernel = kernel == pair_kernel::laplacian ? pair_kernel::l1 : pair_kernel::power;
  distance.mode = y.empty() ? pairwise_mode::upper : pairwise_mode::cross;
  const double median = pairwise_median(ctx, x, y, distance);
  if (!(median > 0)) {
    refuse(command, std::string("--bandwidth is median, but ") +
                        (median == 0 ? "the median distance is 0" : "there are no pairs of different rows"));
  }
  return median;
}

/// Calls with the rows of both tables, which have the same type; without a second table its view is empty.
template <class Call>
auto visit_both(const data_rows& x, const data_rows* y, const Call& call) {
  return x.visit([&](auto rows) {
    using view_type = decltype(rows);
    view_type others;
    if (y != nullptr) {
      y->visit([&](auto these) {
        if constexpr (std::is_same_v<decltype(these), view_type>) {
          others = these;
        }
      });
    }
    return call(rows, others);
  });
}

}  // namespace samebits::cli
