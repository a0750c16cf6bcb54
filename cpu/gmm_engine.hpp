// The engines of the mixture sums: what depends on the type of the rows, the shape of the covariances and the number of
// columns. A table of functions that work on a block of rows, so that everything around them is written and built once.
#pragma once

#include "cpu/gmm_layout.hpp"
#include "cpu/memory.hpp"
#include "cpu/memory_plan.hpp"
#include "cpu/parallel.hpp"
#include "lib/backend.h"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

template <class T>
struct gmm_engine {
  std::int64_t n_cols;
  /// True where the sums of the components do not fit the caches together: the blocks of a leaf then take their turns
  /// with one component after the other.
  bool takes_whole_leaves;
  /// Numbers of a prepared component.
  std::int64_t component_size;
  /// Doubles of one component's sums.
  std::int64_t sums_size;
  /// Numbers of one component's sums while a leaf is being summed.
  std::int64_t lane_sums_size;
  std::int64_t (*block_rows)(std::int64_t n_components, std::int64_t n_cols);
  std::int64_t (*work_size)(std::int64_t block_rows, std::int64_t n_cols);

  void (*pack_component)(const double* mean, const double* inverse_factor, std::int64_t n_cols, T* packed);
  void (*turn)(const T* rows, std::int64_t n_rows, std::int64_t n_cols, std::int64_t stride, T* columns);
  /// |W (x - mean)|^2 of every row of the block, padding included.
  void (*distances)(const column_block<T>& x, const T* component, std::int64_t n_cols, T* work, T* squared);
  /// Adds the block's rows, row-major at `rows`, to one component's lane sums.
  void (*add_block)(const column_block<T>& x, const T* rows, const T* component, const T* responsibilities,
                    std::int64_t n_cols, T* work, T* lane_sums);
  void (*fold_sums)(const T* lane_sums, std::int64_t n_cols, double* sums);
  void (*unpack_sums)(const double* sums, std::int64_t n_cols, double* sum_0, double* sum_1, double* sum_2);
};

template <class T>
gmm_engine<T> find_engine(samebits_gmm_shape shape, std::int64_t n_cols);

/// What a problem keeps. Buffers of a pass only grow, so that the passes of a fit allocate once.
struct gmm_problem {
  samebits_gmm_data data;
  cpu::buffer components;      // prepared for the engine
  cpu::buffer scratch;         // per thread
  cpu::buffer shared;          // between threads
  cpu::buffer seed_distances;  // per row, while seeds are drawn

  /// Row i.
  template <class T>
  const T* row(std::int64_t i) const {
    return static_cast<const T*>(data.x) + i * data.n_cols;
  }
};

/// body(k) for every component, of `size` numbers each, by as many threads as are worth waking up.
template <class Body>
void for_components(int n_threads, std::int64_t n_components, std::int64_t size, const Body& body) {
  const auto run = [](void* context, std::int64_t k, int) { (*static_cast<const Body*>(context))(k); };
  const bool is_large = n_components * size > (1 << 16);
  cpu::parallel_for(is_large ? n_threads : 1, n_components, run, const_cast<Body*>(&body));
}

/// The components of a mixture as an engine reads them.
template <class T>
struct packed_components {
  const samebits_gmm_components* components;
  T* packed;
  T* log_constants;
  std::int64_t stride;

  const T* component(std::int64_t k) const { return packed + k * stride; }

  static bool prepare(const gmm_engine<T>& engine, const samebits_gmm_components& c, int n_threads, cpu::buffer& memory,
                      packed_components* result) {
    const std::int64_t stride = round_up(engine.component_size, lanes<T>);
    const std::int64_t k_end = c.n_components;
    if (!memory.allocate(static_cast<std::size_t>(doubles_for<T>(k_end * stride) + doubles_for<T>(k_end)))) {
      return false;
    }
    memory_plan plan(memory.data());
    *result = {&c, plan.take<T>(k_end * stride), plan.take<T>(k_end), stride};
    for_components(n_threads, k_end, stride, [&](std::int64_t k) {
      const std::int64_t factor_size = c.shape == samebits_gmm_triangle ? c.n_cols * c.n_cols : c.n_cols;
      engine.pack_component(c.means + k * c.n_cols, c.inverse_factors + k * factor_size, c.n_cols,
                            result->packed + k * stride);
      result->log_constants[k] = static_cast<T>(c.log_constants[k]);
    });
    return true;
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
