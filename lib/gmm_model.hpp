// What the functions of a fitted mixture share: the checks of their arguments, and rows in blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "lib/gmm_problem.hpp"
#include "lib/over_threads.hpp"
#include "lib/row_sum.hpp"
#include "samebits/context.hpp"
#include "samebits/gmm_model.hpp"

namespace samebits::gmm {

/// Throws invalid_argument where the model is not one; messages have the name of the public function.
void require_valid(const char* function, const gmm_model& model);

/// The model's parameters, ready for the E-step. Checks the model as require_valid does.
parameters prepared(const context& ctx, const char* function, const gmm_model& model);

/// Throws unless x has the model's columns; it may have no rows.
void require_columns(const char* function, const gmm_model& model, const data_view& x);

/// Throws where an output of the right shape has no memory.
void require_memory(const char* function, const char* name, const void* data, std::int64_t size);
void require_memory(const char* function, const char* name, const void* data, std::int64_t n_rows, std::int64_t n_cols);

/// Throws unless x has the model's columns and at least one row.
void require_rows(const char* function, const gmm_model& model, const data_view& x);

/// The sum of the weights, which it checks; the number of rows where there are none.
double sum_of_weights(const context& ctx, const char* function, std::span<const double> sample_weights,
                      const data_view& x);

/// The total log-likelihood of the rows, weighted.
double total_log_likelihood(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                            std::span<const double> sample_weights);

/// Rows that are worked on together: whole leaves, at least one for each thread, and about 2^20 values.
std::int64_t block_rows(const context& ctx, std::int64_t values_per_row);

/// Throws the reason why the log-likelihood of a row is not finite: its values, or its distance.
[[noreturn]] void refuse_row(const context& ctx, const char* function, const data_view& x, std::int64_t row);

struct row_block {
  std::int64_t first;
  std::int64_t n_rows;
  const double* responsibilities;  ///< [n_rows x k]
};

/// Calls use(block) for one block of rows after the other.
void for_each_block(const context& ctx, const char* function, const parameters& mixture, const data_view& x,
                    const std::function<void(const row_block&)>& use);

/// Responsibilities of some rows and their logarithms, wherever they lie.
struct share_view {
  const double* shares;
  const double* logs;
  std::int64_t n_components;
  std::int64_t row_stride;
  std::int64_t component_stride;
};

/// Adds the entropy of each of n rows, times its weight (NULL: 1), in their order.
void add_entropies(const context& ctx, std::int64_t n_rows, const share_view& view, const double* weights,
                   row_sum& sum);

/// out = log(in) on the CPU, as a backend's map gives it.
void log_of(const context& ctx, const char* function, std::span<const double> in, double* out);

/// Threads for work on so many numbers: waking some takes as long as thousands of numbers do.
inline int threads_for(const context& ctx, std::int64_t n_numbers) {
  return n_numbers < (1 << 15) ? 1 : ctx.n_threads();
}

}  // namespace samebits::gmm
