#include "samebits/matmul.hpp"

#include "lib/call.hpp"
#include "lib/checks.hpp"

namespace samebits {
namespace {

template <class T>
void check_matrix(const char* name, matrix_view<T> x) {
  const std::string shape = std::string(name) + " is " + shape_text(x.n_rows(), x.n_cols());
  if (x.n_rows() < 0 || x.n_cols() < 0) {
    refuse("matmul", shape + " but sizes must not be negative");
  }
  if (x.n_rows() > 0 && x.n_cols() > most_values / x.n_rows()) {
    refuse("matmul", shape + ", which is more than 2^56 values");
  }
  if (x.data() == nullptr && x.n_rows() > 0 && x.n_cols() > 0) {
    refuse("matmul", shape + " but its data is NULL");
  }
}

template <class T>
void check_apart(const char* name, matrix_view<const T> x, matrix_view<T> out) {
  const auto begin = [](auto m) { return reinterpret_cast<std::uintptr_t>(m.data()); };
  const auto end = [&](auto m) { return begin(m) + static_cast<std::uintptr_t>(m.n_rows() * m.n_cols()) * sizeof(T); };
  if (!x.empty() && !out.empty() && begin(x) < end(out) && begin(out) < end(x)) {
    refuse("matmul", std::string("out (") + shape_text(out.n_rows(), out.n_cols()) + ") overlaps " + name + " (" +
                         shape_text(x.n_rows(), x.n_cols()) + ") in memory but must lie apart");
  }
}

template <class T>
void check(matrix_view<const T> a, matrix_view<const T> b, matrix_view<T> out) {
  check_matrix("a", a);
  check_matrix("b", b);
  check_matrix("out", out);
  if (a.n_cols() != b.n_rows()) {
    refuse("matmul", "a is " + shape_text(a.n_rows(), a.n_cols()) + " but b is " + shape_text(b.n_rows(), b.n_cols()) +
                         ": the columns of a must be as many as the rows of b");
  }
  if (out.n_rows() != a.n_rows() || out.n_cols() != b.n_cols()) {
    refuse("matmul",
           "out is " + shape_text(out.n_rows(), out.n_cols()) + " but must be " + shape_text(a.n_rows(), b.n_cols()));
  }
  check_apart("a", a, out);
  check_apart("b", b, out);
}

template <class T>
void multiply(const context& ctx, matrix_view<const T> a, matrix_view<const T> b, matrix_view<T> out) {
  check(a, b, out);
  const samebits_product product = {
      a.data(),   b.data(),   out.data(), std::is_same_v<T, float> ? SAMEBITS_FLOAT32 : SAMEBITS_FLOAT64,
      a.n_rows(), a.n_cols(), b.n_cols()};
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->matmul(&call, &product), call, "matmul");
}

}  // namespace

void matmul(const context& ctx, matrix_view<const double> a, matrix_view<const double> b, matrix_view<double> out) {
  multiply(ctx, a, b, out);
}
void matmul(const context& ctx, matrix_view<const float> a, matrix_view<const float> b, matrix_view<float> out) {
  multiply(ctx, a, b, out);
}

}  // namespace samebits
