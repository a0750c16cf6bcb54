// Eigen in and out: pass Eigen matrices to samebits and look at results as Eigen maps. Needs Eigen 3.4.
#pragma once

#include <Eigen/Core>

#include "samebits/gmm.hpp"
#include "samebits/view.hpp"

namespace samebits {

using row_major_matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A view of a dense row-major matrix, without a copy. A column-major one does not compile: copy it into a
/// row_major_matrix first. The matrix must outlive the view, so temporaries are refused.
template <class Derived>
matrix_view<const double> view(const Eigen::PlainObjectBase<Derived>& x) {
  static_assert(Derived::IsRowMajor || Derived::ColsAtCompileTime == 1, "samebits views are row-major");
  return {x.data(), x.rows(), x.cols()};
}
template <class Derived>
matrix_view<const double> view(const Eigen::PlainObjectBase<Derived>&& x) = delete;

/// The parameters of a fitted model as Eigen objects in the model's own memory.
inline Eigen::Map<const Eigen::VectorXd> weights(const gmm_model& model) {
  return {model.weights.data(), model.n_components};
}
inline Eigen::Map<const row_major_matrix> means(const gmm_model& model) {
  return {model.means.data(), model.n_components, model.n_cols};
}
inline Eigen::Map<const row_major_matrix> covariance(const gmm_model& model, std::int64_t component) {
  return {model.covariances.data() + component * model.n_cols * model.n_cols, model.n_cols, model.n_cols};
}

}  // namespace samebits
