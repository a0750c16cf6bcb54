// What the E-step gives for each row, on the CPU.
#include "cpu/gmm_pass.hpp"
#include "cpu/parallel.hpp"
#include "cpu/report.hpp"
#include "cpu/tables.hpp"
#include "lib/fp_environment.hpp"

namespace samebits::core {
inline namespace SAMEBITS_TARGET {
namespace {

template <class T>
class row_outputs : pass_parts<T> {
 public:
  using vec = pack<T>;

  row_outputs(gmm_problem* problem, const samebits_gmm_components& components, const samebits_gmm_rows& out)
      : pass_parts<T>(problem, components), out_(out) {}

  bool run(int n_threads) {
    if (!this->make_ready(n_threads, workspace(*this, nullptr).size)) {
      return false;
    }
    const std::int64_t n_tasks = (problem_.data.n_rows + task_rows() - 1) / task_rows();
    parallel_for<&row_outputs::run_task>(n_threads, n_tasks, *this);
    return true;
  }

 private:
  using pass_parts<T>::problem_;
  using pass_parts<T>::engine_;
  using pass_parts<T>::components_;
  using pass_parts<T>::block_rows_;
  using pass_parts<T>::n_components;

  std::int64_t task_rows() const { return 8 * block_rows_; }

  struct workspace {
    workspace(const row_outputs& outputs, double* start) {
      memory_plan plan(start);
      const std::int64_t rows = outputs.block_rows_;
      columns = plan.take<T>(rows * outputs.engine_.n_cols);
      values = plan.take<T>(rows * outputs.n_components());
      work = plan.take<T>(outputs.work_size_);
      size = plan.used();
    }
    T* columns;
    T* values;
    T* work;
    std::int64_t size;
  };

  void run_task(std::int64_t task, int thread) const {
    const workspace memory(*this, this->thread_start(thread));
    const std::int64_t first = task * task_rows();
    const std::int64_t n_left = problem_.data.n_rows - first;
    const std::int64_t end = first + (n_left < task_rows() ? n_left : task_rows());
    for (std::int64_t row = first; row < end; row += block_rows_) {
      run_block(row, end - row < block_rows_ ? end - row : block_rows_, memory);
    }
  }

  void run_block(std::int64_t row, std::int64_t n_rows, const workspace& memory) const {
    const std::int64_t n_cols = engine_.n_cols;
    const std::int64_t stride = block_rows_;
    const column_block<T> x{memory.columns, stride, n_rows, n_cols};
    engine_.turn(this->row_at(row), n_rows, n_cols, stride, memory.columns);
    for (std::int64_t k = 0; k < n_components(); ++k) {
      engine_.distances(x, components_.component(k), n_cols, memory.work, memory.values + k * stride);
    }
    for (std::int64_t i = 0; i < n_rows; i += vec_width<T>) {
      run_vector(row + i, n_rows - i < vec_width<T> ? n_rows - i : vec_width<T>, memory.values + i);
    }
  }

  /// The rows of one vector. `values` holds their squared distances, a component every block_rows.
  void run_vector(std::int64_t row, std::int64_t n_valid, T* values) const {
    const std::int64_t stride = block_rows_;
    vec largest(T(0));
    for (std::int64_t k = 0; k < n_components(); ++k) {
      const vec log_prob = component_log_prob(components_.log_constants[k], load<vec>(values + k * stride));
      store(values + k * stride, log_prob);
      largest = k == 0 ? log_prob : max(largest, log_prob);
      put(out_.log_probs, row, n_valid, k, log_prob);
    }
    if (out_.labels != nullptr) {
      put_labels(row, n_valid, values, largest);
    }
    if (out_.responsibilities != nullptr || out_.log_responsibilities != nullptr || out_.log_likelihoods != nullptr) {
      put_shares(row, n_valid, values, largest);
    }
  }

  void put_shares(std::int64_t row, std::int64_t n_valid, const T* values, vec largest) const {
    const std::int64_t stride = block_rows_;
    vec sum = empty_sum<vec>();
    for (std::int64_t k = 0; k < n_components(); ++k) {
      sum = sum + unnormalised_responsibility(load<vec>(values + k * stride), largest);
    }
    const vec log_likelihood = row_log_likelihood(largest, sum);
    if (out_.log_likelihoods != nullptr) {
      store_first(static_cast<T*>(out_.log_likelihoods) + row, n_valid, log_likelihood);
    }
    for (std::int64_t k = 0; k < n_components() && out_.log_responsibilities != nullptr; ++k) {
      put(out_.log_responsibilities, row, n_valid, k,
          log_responsibility(load<vec>(values + k * stride), log_likelihood));
    }
    const vec scale = responsibility_scale(vec(T(1)), sum);
    for (std::int64_t k = 0; k < n_components() && out_.responsibilities != nullptr; ++k) {
      const vec share = unnormalised_responsibility(load<vec>(values + k * stride), largest);
      put(out_.responsibilities, row, n_valid, k, share * scale);
    }
  }

  void put_labels(std::int64_t row, std::int64_t n_valid, const T* values, vec largest) const {
    T largest_of_row[vec_width<T>];
    store(largest_of_row, largest);
    for (std::int64_t j = 0; j < n_valid; ++j) {
      std::int64_t label = 0;
      while (label + 1 < n_components() && values[label * block_rows_ + j] < largest_of_row[j]) {
        ++label;
      }
      out_.labels[row + j] = label;
    }
  }

  /// Component k of a matrix [n_rows x k], when it is asked for.
  void put(void* matrix, std::int64_t row, std::int64_t n_valid, std::int64_t k, vec value) const {
    if (matrix == nullptr) {
      return;
    }
    T values[vec_width<T>];
    store(values, value);
    for (std::int64_t j = 0; j < n_valid; ++j) {
      static_cast<T*>(matrix)[(row + j) * n_components() + k] = values[j];
    }
  }

  static void store_first(T* out, std::int64_t n_valid, vec value) {
    T values[vec_width<T>];
    store(values, value);
    for (std::int64_t j = 0; j < n_valid; ++j) {
      out[j] = values[j];
    }
  }

  const samebits_gmm_rows& out_;
};

}  // namespace

samebits_status gmm_rows(samebits_call* call, void* problem, const samebits_gmm_components* components,
                         const samebits_gmm_rows* rows) {
  const default_fp_environment environment;
  gmm_problem* const p = static_cast<gmm_problem*>(problem);
  const bool done = p->data.dtype == SAMEBITS_FLOAT32 ? row_outputs<float>(p, *components, *rows).run(call->n_threads)
                                                      : row_outputs<double>(p, *components, *rows).run(call->n_threads);
  return done ? SAMEBITS_OK : cpu::out_of_memory(call, "the rows of a mixture");
}

}  // namespace SAMEBITS_TARGET
}  // namespace samebits::core
