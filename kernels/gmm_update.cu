// The parameters of the mixtures of runs from their sums, and their preparation for the next pass.
#include "kernels/gmm_pack.hpp"
#include "kernels/gmm_runs.hpp"
#include "kernels/launch.hpp"

namespace samebits::kernels {
namespace {

/// Calls work(i) for the thread's part of 0 .. n - 1.
template <class Kernel, class Work>
SAMEBITS_HD void each(const Kernel&, int thread, std::int64_t n, const Work& work) {
  for (std::int64_t i = thread; i < n; i += Kernel::block_threads) {
    work(i);
  }
}

// ---- few columns ---------------------------------------------------------------------------------------------------

/// A block per run and a thread per component. What must follow each other lies in phases of its own: see
/// core/gmm_update.hpp.
template <class T>
struct update_kernel {
  static constexpr int block_threads = 64;
  using block_memory = update_state;
  using thread_memory = no_state;

  device_runs<T> runs;

  SAMEBITS_HD int phases() const { return 9; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    const std::int64_t run = at.block;
    if (phase == 0) {
      if (runs.ended[run] == 0) {
        take_pass(run, at.thread);
      }
    } else if (phase == 1) {
      if (at.thread == 0) {
        runs.judge(run, shared);
      }
    } else if (shared.goes_on != 0) {
      const core::mixture_update next = runs.update_of(run, runs.parameters_of(run, shared.n_updates + 1));
      update(phase, run, at.thread, next, shared);
    }
  }

 private:
  /// Sums from the tree's root to where the update reads them; the last parameters to where it changes them.
  SAMEBITS_HD void take_pass(std::int64_t run, int thread) const {
    const parameters_layout& layout = runs.layout;
    double* const sums = runs.sums_of(run);
    each(*this, thread, layout.n_components, [&](std::int64_t k) {
      unpack_component(runs.moments_of(run, k), k, runs.update.type.is_triangle, layout.n_cols, sums,
                       sums + layout.means(), sums + layout.covariances());
    });
    const run_state& state = runs.states[run];
    const double* const last = runs.parameters_of(run, state.n_updates);
    double* const next = runs.parameters_of(run, state.n_updates + 1);
    each(*this, thread, layout.size(), [&](std::int64_t i) { next[i] = last[i]; });
  }

  SAMEBITS_HD void update(int phase, std::int64_t run, int thread, const core::mixture_update& u,
                          block_memory& shared) const {
    switch (phase) {
      case 2: each(*this, thread, u.n_components, [&](std::int64_t k) { u.move(k, runs.work_of(run, k)); }); break;
      case 3:
        if (const double total = u.pooled_rows(); u.type.is_tied && total > 0.0) {
          each(*this, thread, u.covariance_size(), [&](std::int64_t i) { u.pool(i, total); });
        }
        break;
      case 4:
        if (thread == 0) {
          finish_sums(u);
        }
        break;
      case 5:
        each(*this, thread, u.n_prepared(), [&](std::int64_t k) {
          const std::int64_t rank = u.prepare(k, runs.work_of(run, k));
          runs.ranks_of(run)[k] = has_variances(u, k, runs.states[run].smallest_variance) ? rank : 0;
        });
        break;
      case 6:
        if (u.type.is_tied) {
          each(*this, thread, u.n_components - 1, [&](std::int64_t k) { u.share_factor(k + 1); });
        }
        break;
      case 7:
        if (thread == 0) {
          runs.commit(run, shared);
        }
        break;
      default:
        if (shared.is_updated != 0) {
          each(*this, thread, u.n_components, [&](std::int64_t k) { pack(run, k, u); });
        }
        break;
    }
  }

  SAMEBITS_HD static void finish_sums(const core::mixture_update& u) {
    if (u.type.is_tied && u.pooled_rows() > 0.0) {
      u.regularise_pool();
    }
    u.update_weights();
  }

  /// For the passes: gmm_components.
  SAMEBITS_HD void pack(std::int64_t run, std::int64_t k, const core::mixture_update& u) const {
    const std::int64_t n = u.n_cols;
    pack_component(u.means + k * n, u.inverse_factors + k * u.covariance_size(), u.log_constants[k], u.type.is_triangle,
                   n, runs.packed_of(run, k));
  }
};

// ---- many columns --------------------------------------------------------------------------------------------------
//
// A block per component, whose threads share the elements of its matrices. What follows from all components of a run
// lies in kernels of its own.

/// A block per run: S0, the judgement of the pass, the weights.
template <class T>
struct start_kernel {
  static constexpr int block_threads = 64;
  using block_memory = no_state;
  using thread_memory = no_state;

  device_runs<T> runs;

  SAMEBITS_HD int phases() const { return 2; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t run = at.block;
    if (phase == 0 && runs.ended[run] == 0) {
      take_pass(run, at.thread);
    } else if (phase == 1 && at.thread == 0) {
      update_state& now = runs.updates[run];
      runs.judge(run, now);
      if (now.goes_on != 0) {
        runs.update_of(run, runs.parameters_of(run, now.n_updates + 1)).update_weights();
      }
    }
  }

 private:
  SAMEBITS_HD void take_pass(std::int64_t run, int thread) const {
    const run_state& state = runs.states[run];
    const double* const last = runs.parameters_of(run, state.n_updates);
    double* const next = runs.parameters_of(run, state.n_updates + 1);
    each(*this, thread, runs.layout.n_components, [&](std::int64_t k) {
      runs.sums_of(run)[k] = runs.moments_of(run, k)[0];
      next[k] = last[k];
    });
  }
};

/// What the kernels with a block per component have in common.
template <class T>
struct component_kernel {
  static constexpr int block_threads = 256;

  device_runs<T> runs;

  SAMEBITS_HD core::mixture_update update_of(std::int64_t run) const {
    return runs.update_of(run, runs.parameters_of(run, runs.updates[run].n_updates + 1));
  }

  /// Calls work(a, b) for rows a from `first` to n - 1 and columns b below end_of(a), a warp for a row.
  template <class End, class Work>
  SAMEBITS_HD static void each_element(int thread, std::int64_t first, std::int64_t n, const End& end_of,
                                       const Work& work) {
    constexpr int warp = 32;
    for (std::int64_t a = first + thread / warp; a < n; a += block_threads / warp) {
      const std::int64_t end = end_of(a);
      for (std::int64_t b = thread % warp; b < end; b += warp) {
        work(a, b);
      }
    }
  }
  /// The same for a shape: work(a, b, own, callers) with both places of an element (for_shape), b <= a.
  template <class Work>
  SAMEBITS_HD void each_of_shape(int thread, const Work& work) const {
    const std::int64_t n = runs.layout.n_cols;
    if (!runs.update.type.is_triangle) {
      return each(*this, thread, n, [&](std::int64_t a) { work(a, a, a, a); });
    }
    each_element(
        thread, 0, n, [](std::int64_t a) { return a + 1; },
        [&](std::int64_t a, std::int64_t b) { work(a, b, core::triangle_size(a) + b, a * n + b); });
  }
};

/// S1 and S2, the mean and the covariance.
template <class T>
struct move_kernel : component_kernel<T> {
  using block_memory = no_state;
  using thread_memory = no_state;
  using component_kernel<T>::runs;

  SAMEBITS_HD int phases() const { return 3; }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t run = at.block / runs.layout.n_components;
    const std::int64_t k = at.block % runs.layout.n_components;
    const update_state& now = runs.updates[run];
    if (phase == 0 && now.has_pass != 0) {
      take_sums(run, k, at.thread);
    }
    if (now.goes_on == 0) {
      return;
    }
    const core::mixture_update u = this->update_of(run);
    const core::component_shift shift = u.shift_of(k, runs.work_of(run, k));
    if (phase == 0) {
      take_last(run, k, at.thread, u);
    } else if (phase == 1 && u.moves_mean(k)) {
      each(*this, at.thread, u.n_cols, [&](std::int64_t a) { u.move_mean(k, a, shift); });
    } else if (phase == 2 && u.moves_covariance(k)) {
      this->each_of_shape(at.thread, [&](std::int64_t a, std::int64_t b, std::int64_t, std::int64_t) {
        u.move_covariance(k, a, b, shift);
      });
    }
  }

 private:
  SAMEBITS_HD void take_sums(std::int64_t run, std::int64_t k, int thread) const {
    const parameters_layout& layout = runs.layout;
    const double* const moments = runs.moments_of(run, k) + 1;
    double* const sum_1 = runs.sums_of(run) + layout.means() + k * layout.n_cols;
    double* const sum_2 = runs.sums_of(run) + layout.covariances() + k * layout.covariance_size;
    each(*this, thread, layout.n_cols, [&](std::int64_t a) { sum_1[a] = moments[a]; });
    this->each_of_shape(thread, [&](std::int64_t, std::int64_t, std::int64_t own, std::int64_t callers) {
      sum_2[callers] = moments[layout.n_cols + own];
    });
  }

  /// The last mean and covariance to where they are changed.
  SAMEBITS_HD void take_last(std::int64_t run, std::int64_t k, int thread, const core::mixture_update& u) const {
    const parameters_layout& layout = runs.layout;
    const double* const last = runs.parameters_of(run, runs.updates[run].n_updates);
    const double* const mean = last + layout.means() + k * layout.n_cols;
    const double* const covariance = last + layout.covariances() + k * layout.covariance_size;
    each(*this, thread, layout.n_cols, [&](std::int64_t a) { u.means[k * layout.n_cols + a] = mean[a]; });
    each(*this, thread, layout.covariance_size, [&](std::int64_t i) { u.covariance(k)[i] = covariance[i]; });
  }
};

/// Tied types: a thread per run and element of the covariance.
template <class T>
struct pool_kernel : component_kernel<T> {
  using block_memory = no_state;
  using thread_memory = no_state;
  using component_kernel<T>::runs;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t item = global_thread<pool_kernel>(at);
    const std::int64_t run = item / runs.layout.covariance_size;
    if (run >= runs.components.n_mixtures || runs.updates[run].goes_on == 0) {
      return;
    }
    const core::mixture_update u = this->update_of(run);
    if (const double total = u.pooled_rows(); total > 0.0) {
      u.pool(item % runs.layout.covariance_size, total);
    }
  }
};

/// The factor of a covariance, its inverse and the constant. Tied types have a block per run.
template <class T>
struct factor_kernel : component_kernel<T> {
  using block_memory = no_state;
  /// What a block works on; found once, because divisions take long.
  struct thread_memory {
    std::int64_t run;
    std::int64_t k;
    const double* covariance;
    double* upper;      // R, upper triangle [n x n]
    double* inverse;    // of L = R^T, lower triangle, or the scales of a diagonal
    double* logs;       // of the diagonal of the inverse
    std::int64_t rank;  // n_cols, or the column at which the covariance is singular; every thread looks at every pivot
    bool goes_on;
  };
  using component_kernel<T>::runs;

  /// Two for each column of a triangle; before and after them a few for all.
  SAMEBITS_HD int phases() const { return 5 + n_steps(); }
  SAMEBITS_HD void run(int phase, thread_position at, block_memory&, thread_memory& own) const {
    if (phase == 0) {
      find(at.block, own);
    }
    if (!own.goes_on) {
      return;
    }
    const int step = phase - 3;
    if (phase < 2) {
      regularise(phase, at.thread, own);
    } else if (phase == 2) {
      start(at.thread, own);
    } else if (step < n_steps()) {
      step % 2 == 0 ? divide(step / 2, at.thread, own) : eliminate(step / 2, at.thread, own);
    } else if (step == n_steps()) {
      take_logs(at.thread, own);
    } else if (at.thread == 0) {
      finish(own);
    }
  }

 private:
  SAMEBITS_HD bool is_triangle() const { return runs.update.type.is_triangle; }
  SAMEBITS_HD std::int64_t n_cols() const { return runs.layout.n_cols; }
  SAMEBITS_HD int n_steps() const { return is_triangle() ? 2 * static_cast<int>(n_cols()) : 0; }

  SAMEBITS_HD void find(std::int64_t block, thread_memory& own) const {
    own.run = block / runs.update.n_prepared();
    own.k = block % runs.update.n_prepared();
    own.goes_on = runs.updates[own.run].goes_on != 0;
    if (own.goes_on) {
      const core::mixture_update u = this->update_of(own.run);
      own.covariance = u.covariance(own.k);
      own.upper = runs.work_of(own.run, own.k);
      own.inverse = u.inverse_factors + own.k * u.covariance_size();
      own.logs = own.upper + (is_triangle() ? u.covariance_size() : 0);
      own.rank = n_cols();
    }
  }

  SAMEBITS_HD void regularise(int phase, int thread, const thread_memory& own) const {
    const core::mixture_update u = this->update_of(own.run);
    const bool has_changed = u.type.is_tied ? u.pooled_rows() > 0.0 : u.moves_covariance(own.k);
    if (has_changed && phase == 0) {
      each(*this, thread, n_cols(), [&](std::int64_t a) { u.regularise_variance(own.k, a); });
    } else if (has_changed && thread == 0) {
      u.share_variance(own.k);
    }
  }

  SAMEBITS_HD void start(int thread, const thread_memory& own) const {
    if (is_triangle()) {
      each(*this, thread, n_cols() * n_cols(), [&](std::int64_t i) {
        own.upper[i] = own.covariance[i];
        own.inverse[i] = 0.0;
      });
    } else {
      each(*this, thread, n_cols(), [&](std::int64_t a) { own.inverse[a] = core::scale_of(own.covariance[a]); });
    }
  }

  /// Step p of core/cholesky.hpp: row p of both matrices, if there is a pivot.
  SAMEBITS_HD void divide(std::int64_t p, int thread, thread_memory& own) const {
    const std::int64_t n = n_cols();
    const double pivot = own.upper[p * n + p];  // which stays as it is: other threads read it
    if (own.rank == n && !core::is_pivot(pivot, own.covariance[p * n + p], n)) {
      own.rank = p;
    }
    if (own.rank < n) {
      return;
    }
    const double root = core::sqrt(pivot);
    each(*this, thread, n, [&](std::int64_t b) {
      double& element = (b > p ? own.upper : own.inverse)[p * n + b];
      element = core::scaled_by_pivot(b == p ? 1.0 : element, root);
    });
  }

  /// The rows below, a few at a time for a warp: their numbers are on the way together.
  SAMEBITS_HD void eliminate(std::int64_t p, int thread, const thread_memory& own) const {
    constexpr int warp = 32;
    constexpr int n_warps = component_kernel<T>::block_threads / warp;
    constexpr int together = 4;
    const std::int64_t n = n_cols();
    if (own.rank < n) {
      return;
    }
    for (std::int64_t first = p + 1 + thread / warp; first < n; first += n_warps * together) {
      double factors[together];
      SAMEBITS_UNROLL
      for (int r = 0; r < together; ++r) {
        const std::int64_t a = first + r * n_warps;
        factors[r] = a < n ? own.upper[p * n + a] : 0.0;
      }
      for (std::int64_t b = thread % warp; b < n; b += warp) {
        double* const matrix = b <= p ? own.inverse : own.upper;
        const double above = matrix[p * n + b];
        double elements[together];
        SAMEBITS_UNROLL
        for (int r = 0; r < together; ++r) {
          const std::int64_t a = first + r * n_warps;
          elements[r] = a < n ? core::eliminated(factors[r], above, matrix[a * n + b]) : 0.0;
        }
        SAMEBITS_UNROLL
        for (int r = 0; r < together; ++r) {
          const std::int64_t a = first + r * n_warps;
          if (a < n && (b <= p || b >= a)) {
            matrix[a * n + b] = elements[r];
          }
        }
      }
    }
  }

  SAMEBITS_HD void take_logs(int thread, const thread_memory& own) const {
    const std::int64_t step = is_triangle() ? n_cols() + 1 : 1;
    if (own.rank == n_cols()) {
      each(*this, thread, n_cols(), [&](std::int64_t a) { own.logs[a] = core::log(own.inverse[a * step]); });
    }
  }

  SAMEBITS_HD void finish(const thread_memory& own) const {
    const core::mixture_update u = this->update_of(own.run);
    const bool is_regular = own.rank == n_cols() && has_variances(u, own.k, runs.states[own.run].smallest_variance);
    runs.ranks_of(own.run)[own.k] = is_regular ? n_cols() : 0;
    if (is_regular) {
      u.set_constants(own.k, core::log_determinant_of(n_cols(), [&](std::int64_t a) { return own.logs[a]; }));
    }
  }
};

/// A thread per run: are the next parameters to be had?
template <class T>
struct commit_kernel {
  static constexpr int block_threads = 64;
  using block_memory = no_state;
  using thread_memory = no_state;

  device_runs<T> runs;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t run = global_thread<commit_kernel>(at);
    if (run < runs.components.n_mixtures && runs.updates[run].goes_on != 0) {
      runs.commit(run, runs.updates[run]);
    }
  }
};

/// For the passes: gmm_components. Components of tied types get what the first one has.
template <class T>
struct pack_kernel : component_kernel<T> {
  using block_memory = no_state;
  using thread_memory = no_state;
  using component_kernel<T>::runs;

  SAMEBITS_HD int phases() const { return 1; }
  SAMEBITS_HD void run(int, thread_position at, block_memory&, thread_memory&) const {
    const std::int64_t run = at.block / runs.layout.n_components;
    const std::int64_t k = at.block % runs.layout.n_components;
    if (runs.updates[run].is_updated == 0) {
      return;
    }
    const core::mixture_update u = this->update_of(run);
    const std::int64_t size = u.covariance_size();
    const double* const inverse_factor = u.type.is_tied ? u.inverse_factors : u.inverse_factors + k * size;
    if (u.type.is_tied && k > 0) {
      each(*this, at.thread, size, [&](std::int64_t i) { u.share_factor_element(k, i); });
    }
    T* const to = runs.packed_of(run, k);
    each(*this, at.thread, u.n_cols, [&](std::int64_t a) { to[a] = static_cast<T>(u.means[k * u.n_cols + a]); });
    this->each_of_shape(at.thread, [&](std::int64_t, std::int64_t, std::int64_t own, std::int64_t callers) {
      to[u.n_cols + own] = static_cast<T>(inverse_factor[callers]);
    });
    if (at.thread == 0) {
      to[runs.components.size() - 1] = static_cast<T>(u.log_constants[k]);
    }
  }
};

template <class T>
void update_many_columns(const device_runs<T>& runs) {
  const std::int64_t n_runs = runs.components.n_mixtures;
  const std::int64_t n_components = runs.layout.n_components;
  launch(start_kernel<T>{runs}, n_runs);
  launch(move_kernel<T>{{runs}}, n_runs * n_components);
  if (runs.update.type.is_tied) {
    launch(pool_kernel<T>{{runs}}, blocks_for<pool_kernel<T>>(n_runs * runs.layout.covariance_size));
  }
  launch(factor_kernel<T>{{runs}}, n_runs * runs.update.n_prepared());
  launch(commit_kernel<T>{runs}, blocks_for<commit_kernel<T>>(n_runs));
  launch(pack_kernel<T>{{runs}}, n_runs * n_components);
}

}  // namespace

template <class T>
void update_runs(const device_runs<T>& runs) {
  if (runs.layout.n_cols < core::gmm_wide_cols) {
    launch(update_kernel<T>{runs}, runs.components.n_mixtures);
  } else {
    update_many_columns(runs);
  }
}

template void update_runs<double>(const device_runs<double>&);
template void update_runs<float>(const device_runs<float>&);

}  // namespace samebits::kernels
