// From the squared distances of a block of rows to their responsibilities: by the E-step, or from elsewhere.
#pragma once

#include "cpu/gmm_engine.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {

/// A block of rows on its way. `values` holds a number for each component and row, [k x stride]: squared distances, and
/// then responsibilities in their place. Padded like the rows.
template <class T>
struct share_block {
  column_block<T> x;
  std::int64_t first_row;  // of the problem
  std::int64_t n_components;
  const T* log_constants;
  const T* row_weights;
  const char* next_rows;  // fetched meanwhile
  T* values;
  T* log_likelihood_lanes;
};

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

/// The E-step. For a small number of components it is a compile-time constant, and a row's values stay in registers.
template <class T, int Components>
void soft_shares(const share_block<T>& block) {
  using vec = pack<T>;
  constexpr bool in_registers = Components > 0;
  constexpr std::int64_t cache_line = 64;
  const std::int64_t n_components = block.n_components;
  const std::int64_t stride = block.x.stride;
  const std::int64_t row_bytes = block.x.n_cols * static_cast<std::int64_t>(sizeof(T));
  vec kept[in_registers ? Components : 1];
  for (std::int64_t i = 0; i < block.x.n_rows; i += vec_width<T>) {
    const auto get = [&](std::int64_t k) { return in_registers ? kept[k] : load<vec>(block.values + k * stride + i); };
    const auto put = [&](std::int64_t k, vec value) {
      if constexpr (in_registers) {
        kept[k] = value;
      } else {
        store(block.values + k * stride + i, value);
      }
    };
    // Rows arrive block by block; without this the arithmetic waits for memory at the start of every block.
    for (std::int64_t byte = 0; byte < row_bytes * vec_width<T>; byte += cache_line) {
      __builtin_prefetch(block.next_rows + i * row_bytes + byte);
    }
    vec largest(T(0));
    repeat<Components>(n_components, [&](std::int64_t k) {
      const vec squared = load<vec>(block.values + k * stride + i);
      const vec log_prob = component_log_prob(block.log_constants[k], squared);
      put(k, log_prob);
      largest = k == 0 ? log_prob : max(largest, log_prob);
    });
    vec sum = empty_sum<vec>();
    repeat<Components>(n_components, [&](std::int64_t k) {
      const vec share = unnormalised_responsibility(get(k), largest);
      put(k, share);
      sum = sum + share;
    });
    const vec row_weight = load<vec>(block.row_weights + i);
    add_to_lanes<T>(weighted_log_likelihood(row_weight, row_log_likelihood(largest, sum)), block.x.n_rows - i,
                    block.log_likelihood_lanes + i % lanes<T>);
    const vec scale = responsibility_scale(row_weight, sum);
    repeat<Components>(n_components, [&](std::int64_t k) { store(block.values + k * stride + i, get(k) * scale); });
  }
}

/// Everything to the likeliest component, of equal ones the first.
template <class T>
void hard_shares(const share_block<T>& block) {
  using vec = pack<T>;
  const std::int64_t stride = block.x.stride;
  for (std::int64_t i = 0; i < block.x.n_rows; i += vec_width<T>) {
    vec largest(T(0));
    for (std::int64_t k = 0; k < block.n_components; ++k) {
      T* const value = block.values + k * stride + i;
      const vec log_prob = component_log_prob(block.log_constants[k], load<vec>(value));
      store(value, log_prob);
      largest = k == 0 ? log_prob : max(largest, log_prob);
    }
    const vec row_weight = load<vec>(block.row_weights + i);
    vec left = row_weight;
    for (std::int64_t k = 0; k < block.n_components; ++k) {
      T* const value = block.values + k * stride + i;
      const vec share = select_less(load<vec>(value), largest, vec(T(0)), left);
      store(value, share);
      left = left - share;
    }
    add_to_lanes<T>(weighted_log_likelihood(row_weight, largest), block.x.n_rows - i,
                    block.log_likelihood_lanes + i % lanes<T>);
  }
}

/// The weight of row i of the problem.
inline double row_weight(const samebits_gmm_data& data, std::int64_t i) {
  return data.sample_weights == nullptr ? 1.0 : data.sample_weights[i];
}

template <class T>
void given_shares(const share_block<T>& block, const samebits_gmm_data& data, const double* responsibilities) {
  for (std::int64_t i = 0; i < block.x.n_rows; ++i) {
    const std::int64_t row = block.first_row + i;
    for (std::int64_t k = 0; k < block.n_components; ++k) {
      const double share = weighted_share(row_weight(data, row), responsibilities[row * block.n_components + k]);
      block.values[k * block.x.stride + i] = static_cast<T>(share);
    }
  }
}

template <class T>
void random_shares(const share_block<T>& block, const samebits_gmm_data& data, const samebits_gmm_step& step) {
  for (std::int64_t i = 0; i < block.x.n_rows; ++i) {
    const std::int64_t row = block.first_row + i;
    const auto draw = [&](std::int64_t k) {
      const std::uint64_t number = step.first_draw + static_cast<std::uint64_t>(row * block.n_components + k);
      std::uint64_t draws[2];
      philox_draws(step.seed, step.task, number / 2, draws);
      return draws[number % 2];
    };
    const double sum = random_share_sum(block.n_components, draw);
    for (std::int64_t k = 0; k < block.n_components; ++k) {
      const double share = weighted_share(row_weight(data, row), random_share(draw(k), sum));
      block.values[k * block.x.stride + i] = static_cast<T>(share);
    }
  }
}

/// The responsibilities of a block, from wherever the step has them.
template <class T>
class share_maker {
 public:
  share_maker(const samebits_gmm_data& data, const samebits_gmm_step& step) : data_(data), step_(step) {
    constexpr soft_function soft[] = {soft_shares<T, 0>, soft_shares<T, 1>, soft_shares<T, 2>,
                                      soft_shares<T, 3>, soft_shares<T, 4>, soft_shares<T, 5>,
                                      soft_shares<T, 6>, soft_shares<T, 7>, soft_shares<T, 8>};
    soft_ = soft[step.components.n_components <= 8 ? step.components.n_components : 0];
  }

  bool needs_distances() const { return step_.shares == samebits_gmm_soft || step_.shares == samebits_gmm_hard; }

  void operator()(const share_block<T>& block) const {
    switch (step_.shares) {
      case samebits_gmm_soft: return soft_(block);
      case samebits_gmm_hard: return hard_shares(block);
      case samebits_gmm_given: return given_shares(block, data_, step_.responsibilities);
      case samebits_gmm_random: return random_shares(block, data_, step_);
    }
  }

 private:
  using soft_function = void (*)(const share_block<T>&);

  const samebits_gmm_data& data_;
  const samebits_gmm_step& step_;
  soft_function soft_;
};

/// The weights of a block's rows, padded with zeros.
template <class T>
void fetch_weights(const samebits_gmm_data& data, std::int64_t first_row, std::int64_t n_rows, T* row_weights) {
  for (std::int64_t i = 0; i < n_rows; ++i) {
    row_weights[i] = data.sample_weights == nullptr ? T(1) : static_cast<T>(data.sample_weights[first_row + i]);
  }
  for (std::int64_t i = n_rows; i < round_up(n_rows, lanes<T>); ++i) {
    row_weights[i] = T(0);
  }
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
