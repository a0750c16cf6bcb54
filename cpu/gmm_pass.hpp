// One pass over the rows of a problem: leaves, blocks, threads and the tree of leaf sums. `Engine` is gmm_narrow<Cols>
// or gmm_wide; it holds what depends on the number of columns.
#pragma once

#include "cpu/gmm_engine.hpp"
#include "cpu/parallel.hpp"
#include "lib/backend.h"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// f(0), f(1), ... f(n - 1), unrolled when n is known at compile time (Count > 0).
template <int Count, class Function>
SAMEBITS_INLINE void repeat(std::int64_t n, const Function& f) {
  if constexpr (Count > 0) {
    SAMEBITS_UNROLL
    for (int k = 0; k < Count; ++k) {
      f(k);
    }
  } else {
    for (std::int64_t k = 0; k < n; ++k) {
      f(k);
    }
  }
}

/// Squared distances [k x stride] to responsibilities, in place; log-likelihoods of the rows into their lane sums.
///
/// For a small number of components it is a compile-time constant, and a row's values stay in registers.
template <int Components>
void responsibilities_of_block(const column_block& x, const samebits_gmm_components& components,
                               const double* next_rows, double* responsibilities, double* log_likelihood_lanes) {
  constexpr bool in_registers = Components > 0;
  const std::int64_t n_components = components.n_components;
  vec kept[in_registers ? Components : 1];
  for (std::int64_t i = 0; i < x.n_rows; i += vec_width) {
    const auto get = [&](std::int64_t k) {
      return in_registers ? kept[k] : load<vec>(responsibilities + k * x.stride + i);
    };
    const auto put = [&](std::int64_t k, vec value) {
      if constexpr (in_registers) {
        kept[k] = value;
      } else {
        store(responsibilities + k * x.stride + i, value);
      }
    };
    // Rows arrive block by block; without this the arithmetic waits for memory at the start of every block.
    for (std::int64_t line = 0; line < components.n_cols * vec_width / row_lanes; ++line) {
      __builtin_prefetch(next_rows + i * components.n_cols + line * row_lanes);
    }
    vec largest(0.0);
    repeat<Components>(n_components, [&](std::int64_t k) {
      const vec squared = load<vec>(responsibilities + k * x.stride + i);
      const vec log_prob = component_log_prob(components.log_constants[k], squared);
      put(k, log_prob);
      largest = k == 0 ? log_prob : max(largest, log_prob);
    });
    vec sum = empty_sum<vec>();
    repeat<Components>(n_components, [&](std::int64_t k) {
      const vec share = unnormalised_responsibility(get(k), largest);
      put(k, share);
      sum = sum + share;
    });
    add_to_lanes(row_log_likelihood(largest, sum), x.n_rows - i, log_likelihood_lanes + i % row_lanes);
    const vec scale = responsibility_scale(sum);
    repeat<Components>(n_components,
                       [&](std::int64_t k) { store(responsibilities + k * x.stride + i, get(k) * scale); });
  }
}

using responsibilities_function = void (*)(const column_block&, const samebits_gmm_components&, const double*, double*,
                                           double*);

inline responsibilities_function responsibilities_for(std::int64_t n_components) {
  constexpr responsibilities_function functions[] = {
      responsibilities_of_block<0>, responsibilities_of_block<1>, responsibilities_of_block<2>,
      responsibilities_of_block<3>, responsibilities_of_block<4>, responsibilities_of_block<5>,
      responsibilities_of_block<6>, responsibilities_of_block<7>, responsibilities_of_block<8>};
  return functions[n_components <= 8 ? n_components : 0];
}

// ---- leaves ------------------------------------------------------------------------------------------------------

/// Where things lie in one thread's memory, in doubles from its start.
template <class Engine>
struct leaf_layout {
  leaf_layout(std::int64_t n_components, std::int64_t n_cols)
      : rows(Engine::block_rows(n_components, n_cols)),
        lane_sums_stride(round_up(Engine::lane_sums_size(n_cols), row_lanes)),
        responsibilities(rows * n_cols),
        work(responsibilities + rows * n_components),
        log_likelihood_lanes(work + Engine::work_size(rows, n_cols)),
        lane_sums(log_likelihood_lanes + row_lanes),
        open_nodes(lane_sums + n_components * lane_sums_stride) {}

  std::int64_t rows;              // per block
  std::int64_t lane_sums_stride;  // from component to component
  std::int64_t responsibilities;  // behind the block's columns, which come first
  std::int64_t work;
  std::int64_t log_likelihood_lanes;
  std::int64_t lane_sums;
  std::int64_t open_nodes;  // of the tree: level l at open_nodes + l * node_size
};

template <class Engine>
struct gmm_pass {
  gmm_problem* problem;
  const samebits_gmm_components* components;
  bool with_sums;
  std::int64_t leaves_per_chunk;  // a power of two
  std::int64_t thread_size;       // doubles of scratch per thread
  std::int64_t node_size;         // doubles of one node: log-likelihood, then the sums of each component

  std::int64_t n_leaves() const { return (problem->n_rows + leaf_rows - 1) / leaf_rows; }
  std::int64_t n_chunks() const { return (n_leaves() + leaves_per_chunk - 1) / leaves_per_chunk; }
  const double* component(std::int64_t k) const {
    return problem->components.data() + k * round_up(Engine::component_size(problem->n_cols), row_lanes);
  }

  /// The node of leaf number `leaf`.
  void sum_leaf(std::int64_t leaf, double* memory, double* node) const {
    const std::int64_t n_cols = problem->n_cols;
    const std::int64_t k_end = components->n_components;
    const leaf_layout<Engine> layout(k_end, n_cols);
    double* const responsibilities = memory + layout.responsibilities;
    double* const work = memory + layout.work;
    double* const log_likelihood_lanes = memory + layout.log_likelihood_lanes;
    double* const lane_sums = memory + layout.lane_sums;
    const std::int64_t first = leaf * leaf_rows;
    const std::int64_t last = problem->n_rows - first < leaf_rows ? problem->n_rows : first + leaf_rows;
    for (int j = 0; j < row_lanes; ++j) {
      log_likelihood_lanes[j] = empty_sum<double>();
    }
    for (std::int64_t k = 0; with_sums && k < k_end; ++k) {
      Engine::clear_sums(lane_sums + k * layout.lane_sums_stride, n_cols);
    }
    const responsibilities_function make_responsibilities = responsibilities_for(k_end);
    for (std::int64_t row = first; row < last; row += layout.rows) {
      const double* const rows = problem->x + row * n_cols;
      const std::int64_t n_rows = last - row < layout.rows ? last - row : layout.rows;
      const column_block x = Engine::turn(rows, n_rows, n_cols, layout.rows, memory);
      for (std::int64_t k = 0; k < k_end; ++k) {
        Engine::distances(x, component(k), n_cols, work, responsibilities + k * x.stride);
      }
      make_responsibilities(x, *components, rows + n_rows * n_cols, responsibilities, log_likelihood_lanes);
      for (std::int64_t k = 0; with_sums && k < k_end; ++k) {
        Engine::add_block(x, rows, component(k), responsibilities + k * x.stride, n_cols, work,
                          lane_sums + k * layout.lane_sums_stride);
      }
    }
    *node++ = fold_lanes(log_likelihood_lanes);
    for (std::int64_t k = 0; with_sums && k < k_end; ++k) {
      Engine::fold_sums(lane_sums + k * layout.lane_sums_stride, n_cols, node);
      node += Engine::sums_size(n_cols);
    }
  }

  // ---- the tree --------------------------------------------------------------------------------------------------

  /// left += right, element by element.
  void merge(double* left, const double* right) const {
    std::int64_t j = 0;
    for (; j + vec_width <= node_size; j += vec_width) {
      store(left + j, load<vec>(left + j) + load<vec>(right + j));
    }
    for (; j < node_size; ++j) {
      left[j] = left[j] + right[j];
    }
  }

  /// Sums one aligned chunk of leaves into its node, keeping one open node per level of the tree.
  void sum_chunk(std::int64_t chunk, int thread) const {
    double* const memory = problem->scratch.data() + thread * thread_size;
    double* const open = memory + leaf_layout<Engine>(components->n_components, problem->n_cols).open_nodes;
    const std::int64_t first = chunk * leaves_per_chunk;
    const std::int64_t left = n_leaves() - first;
    const std::int64_t count = left < leaves_per_chunk ? left : leaves_per_chunk;
    int depth = 0;  // open nodes on the stack
    for (std::int64_t i = 0; i < count; ++i) {
      sum_leaf(first + i, memory, open + depth * node_size);
      ++depth;
      for (std::int64_t filled = i; filled & 1; filled >>= 1) {
        --depth;
        merge(open + (depth - 1) * node_size, open + depth * node_size);
      }
    }
    for (; depth > 1; --depth) {  // leaves missing at the end of the data
      merge(open + (depth - 2) * node_size, open + (depth - 1) * node_size);
    }
    double* const node = problem->nodes.data() + chunk * node_size;
    for (std::int64_t j = 0; j < node_size; ++j) {
      node[j] = open[j];
    }
  }

  bool prepare(int n_threads) {
    const std::int64_t k_end = components->n_components;
    const std::int64_t n_cols = problem->n_cols;
    node_size = 1 + (with_sums ? k_end * Engine::sums_size(n_cols) : 0);
    // Many chunks keep the threads busy to the end, few keep the memory small. The bits do not depend on it.
    constexpr std::int64_t largest_nodes = 4 << 20;
    leaves_per_chunk = 1;
    int levels = 2;
    while (n_chunks() > 64 * n_threads || (n_chunks() > 2 * n_threads && n_chunks() * node_size > largest_nodes)) {
      leaves_per_chunk *= 2;
      ++levels;
    }
    thread_size = round_up(leaf_layout<Engine>(k_end, n_cols).open_nodes + levels * node_size, row_lanes);
    const std::int64_t component_stride = round_up(Engine::component_size(n_cols), row_lanes);
    if (!problem->components.allocate(static_cast<std::size_t>(k_end * component_stride)) ||
        !problem->scratch.allocate(static_cast<std::size_t>(n_threads * thread_size)) ||
        !problem->nodes.allocate(static_cast<std::size_t>(n_chunks() * node_size))) {
      return false;
    }
    for (std::int64_t k = 0; k < k_end; ++k) {
      Engine::pack_component(components->means + k * n_cols, components->inverse_factors + k * n_cols * n_cols, n_cols,
                             problem->components.data() + k * component_stride);
    }
    return true;
  }

  void fold_nodes() const {
    double* const nodes = problem->nodes.data();
    for (std::int64_t step = 1; step < n_chunks(); step *= 2) {
      for (std::int64_t i = 0; i + step < n_chunks(); i += 2 * step) {
        merge(nodes + i * node_size, nodes + (i + step) * node_size);
      }
    }
  }

  static bool run(gmm_problem* problem, const samebits_gmm_components* components, int n_threads,
                  samebits_gmm_sums* sums) {
    // Waking threads costs more than they bring for a pass of some microseconds.
    const std::int64_t n_terms = components->n_components * (problem->n_cols * problem->n_cols + 32);
    if (problem->n_rows < (1 << 18) / n_terms) {
      n_threads = 1;
    }
    gmm_pass pass{problem, components, sums->sum_0 != nullptr, 1, 0, 0};
    if (!pass.prepare(n_threads)) {
      return false;
    }
    cpu::parallel_for(
        n_threads, pass.n_chunks(),
        [](void* context, std::int64_t chunk, int thread) {
          static_cast<const gmm_pass*>(context)->sum_chunk(chunk, thread);
        },
        &pass);
    pass.fold_nodes();
    const std::int64_t n_cols = problem->n_cols;
    const double* node = problem->nodes.data();
    sums->log_likelihood = *node++;
    for (std::int64_t k = 0; pass.with_sums && k < components->n_components; ++k) {
      Engine::unpack_sums(node, n_cols, sums->sum_0 + k, sums->sum_1 + k * n_cols, sums->sum_2 + k * n_cols * n_cols);
      node += Engine::sums_size(n_cols);
    }
    return true;
  }
};

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
