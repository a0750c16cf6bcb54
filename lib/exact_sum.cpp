#include "samebits/exact_sum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "lib/bytes.hpp"
#include "lib/call.hpp"
#include "lib/checks.hpp"
#include "lib/host_rows.hpp"

namespace samebits {
namespace {

constexpr std::int64_t most_numbers = std::int64_t{1} << 62;

template <class T>
constexpr samebits_dtype dtype_of = sizeof(T) == sizeof(float) ? SAMEBITS_FLOAT32 : SAMEBITS_FLOAT64;

/// An argument: a list, or a matrix.
struct operand {
  template <class T>
  operand(const char* its_name, std::span<const T> list)
      : operand(its_name, matrix_view<const T>(list.data(), std::ssize(list), 1)) {
    is_list = true;
  }
  template <class T>
  operand(const char* its_name, matrix_view<const T> matrix)
      : name(its_name),
        data(matrix.data()),
        dtype(dtype_of<T>),
        n_rows(matrix.n_rows()),
        n_cols(matrix.n_cols()),
        is_list(false) {}

  template <class T>
  matrix_view<const T> view() const {
    return {static_cast<const T*>(data), n_rows, n_cols};
  }

  std::string shape() const {
    return is_list ? std::to_string(n_rows) + (n_rows == 1 ? " element" : " elements")
                   : std::to_string(n_rows) + " x " + std::to_string(n_cols) + " values";
  }

  const char* name;
  const void* data;
  samebits_dtype dtype;
  std::int64_t n_rows;
  std::int64_t n_cols;
  bool is_list;
};

// ---- checks --------------------------------------------------------------------------------------------------------

void check_shape(const char* function, const operand& x) {
  if (x.n_rows < 0 || x.n_cols < 0 || (x.n_cols > 0 && x.n_rows > most_numbers / x.n_cols)) {
    refuse(function, std::string(x.name) + " cannot have " + x.shape());
  }
  if (x.data == nullptr && x.n_rows > 0 && x.n_cols > 0) {
    refuse(function, std::string(x.name) + " has " + x.shape() + " but its data pointer is null");
  }
}

void check_same_shape(const char* function, const operand& x, const operand& y) {
  check_shape(function, x);
  check_shape(function, y);
  if (x.n_rows != y.n_rows || x.n_cols != y.n_cols) {
    refuse(function, std::string(x.name) + " has " + x.shape() + " but " + y.name + " has " + y.shape());
  }
}

template <class T>
void require_finite_values(const char* function, const operand& x) {
  if (!x.is_list) {
    require_finite(function, x.name, x.view<T>());
    return;
  }
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    const T value = x.view<T>()(i, 0);
    if (!std::isfinite(value)) {
      refuse(function, std::string(x.name) + "[" + std::to_string(i) + "] is " + text(static_cast<double>(value)) +
                           " but must be finite");
    }
  }
}

void require_finite(const context& ctx, const char* function, operand x) {
  const host_rows read(ctx, function, data_view(x.data, x.dtype, x.n_rows, x.n_cols));
  x.data = read.view().x;
  x.dtype == SAMEBITS_FLOAT32 ? require_finite_values<float>(function, x) : require_finite_values<double>(function, x);
}

// ---- sums ----------------------------------------------------------------------------------------------------------

core::exact_sum empty_sum() {
  core::exact_sum sum;
  sum.clear();
  return sum;
}

/// The sums of the columns of x, or of the products with y, normalised. Backends notice numbers that are not finite:
/// only then is it worth looking for the first of them.
std::vector<core::exact_sum> column_sums(const char* function, const context& ctx, const operand& x, const operand* y) {
  check_same_shape(function, x, y == nullptr ? x : *y);
  std::vector<core::exact_sum> sums(static_cast<std::size_t>(x.n_cols), empty_sum());
  if (x.n_rows == 0 || x.n_cols == 0) {
    return sums;
  }
  const void* const factors = y == nullptr ? nullptr : y->data;
  const samebits_rows rows{x.data, factors, nullptr, x.dtype, x.n_rows, x.n_cols};
  samebits_call call = make_call(ctx);
  require_ok(ctx.table()->sum_exactly(&call, &rows, sums.data()), call, function);
  if (std::any_of(sums.begin(), sums.end(), [](const core::exact_sum& sum) { return sum.n_refused != 0; })) {
    require_finite(ctx, function, x);
    if (y != nullptr) {
      require_finite(ctx, function, *y);
    }
  }
  return sums;
}

std::vector<double> rounded(const std::vector<core::exact_sum>& sums) {
  std::vector<double> values(sums.size());
  std::transform(sums.begin(), sums.end(), values.begin(), [](const core::exact_sum& sum) { return sum.rounded(); });
  return values;
}

double sum_of(const context& ctx, const operand& x) {
  return column_sums("exact_sum", ctx, x, nullptr).front().rounded();
}

double dot_of(const context& ctx, const operand& x, const operand& y) {
  return column_sums("exact_dot", ctx, x, &y).front().rounded();
}

std::vector<double> sums_of(const context& ctx, const operand& x) {
  return rounded(column_sums("exact_sum", ctx, x, nullptr));
}

std::vector<double> dots_of(const context& ctx, const operand& x, const operand& y) {
  return rounded(column_sums("exact_dot", ctx, x, &y));
}

std::vector<double> means_of(const context& ctx, const operand& x) {
  const std::vector<core::exact_sum> sums = column_sums("exact_mean", ctx, x, nullptr);
  if (x.n_rows == 0) {
    refuse("exact_mean", std::string(x.name) + " has " + x.shape() + " but a mean needs at least one " +
                             (x.is_list ? "element" : "row"));
  }
  std::vector<double> means(sums.size());
  std::transform(sums.begin(), sums.end(), means.begin(),
                 [&](const core::exact_sum& sum) { return sum.mean(x.n_rows); });
  return means;
}

}  // namespace

double exact_sum(const context& ctx, std::span<const double> x) { return sum_of(ctx, {"x", x}); }
double exact_sum(const context& ctx, std::span<const float> x) { return sum_of(ctx, {"x", x}); }

double exact_dot(const context& ctx, std::span<const double> x, std::span<const double> y) {
  return dot_of(ctx, {"x", x}, {"y", y});
}
double exact_dot(const context& ctx, std::span<const float> x, std::span<const float> y) {
  return dot_of(ctx, {"x", x}, {"y", y});
}

double exact_mean(const context& ctx, std::span<const double> x) { return means_of(ctx, {"x", x}).front(); }
double exact_mean(const context& ctx, std::span<const float> x) { return means_of(ctx, {"x", x}).front(); }

std::vector<double> exact_sum(const context& ctx, matrix_view<const double> x) { return sums_of(ctx, {"x", x}); }
std::vector<double> exact_sum(const context& ctx, matrix_view<const float> x) { return sums_of(ctx, {"x", x}); }

std::vector<double> exact_dot(const context& ctx, matrix_view<const double> x, matrix_view<const double> y) {
  return dots_of(ctx, {"x", x}, {"y", y});
}
std::vector<double> exact_dot(const context& ctx, matrix_view<const float> x, matrix_view<const float> y) {
  return dots_of(ctx, {"x", x}, {"y", y});
}

std::vector<double> exact_mean(const context& ctx, matrix_view<const double> x) { return means_of(ctx, {"x", x}); }
std::vector<double> exact_mean(const context& ctx, matrix_view<const float> x) { return means_of(ctx, {"x", x}); }

// ---- totals --------------------------------------------------------------------------------------------------------

namespace {

constexpr std::array<char, 4> mark = {'S', 'B', 'E', 'S'};
constexpr std::uint32_t bytes_version = 1;
constexpr std::size_t n_limbs = core::exact_sum::n_limbs;
constexpr std::size_t limb_size = sizeof(std::uint32_t);
constexpr std::size_t bytes_size = mark.size() + sizeof bytes_version + sizeof(std::int64_t) + n_limbs * limb_size;

/// The last limb counts 2^2080; numbers and products are below 2^2048.
bool can_be_sum(const core::exact_sum& sum, std::int64_t count) {
  const std::int64_t most = (count >> 32) + 1;
  const std::int64_t last = sum.limbs[n_limbs - 1];
  const bool is_zero = std::all_of(sum.limbs, sum.limbs + n_limbs, [](std::int64_t limb) { return limb == 0; });
  return -most <= last && last <= most && (count > 0 || is_zero);
}

}  // namespace

exact_total::exact_total() : sum_(empty_sum()) {}
exact_total::exact_total(const core::exact_sum& sum, std::int64_t count) : sum_(sum), count_(count) {}

namespace {

void require_room(const char* function, std::int64_t count, std::int64_t more) {
  if (more > most_numbers - count) {
    refuse(function, "the counts are " + text(count) + " and " + text(more) + " but their sum must be at most 2^62");
  }
}

}  // namespace

void exact_total::add(const context& ctx, std::span<const double> x) {
  require_room("exact_total::add", count_, std::ssize(x));
  merge({column_sums("exact_total::add", ctx, {"x", x}, nullptr).front(), std::ssize(x)});
}
void exact_total::add(const context& ctx, std::span<const float> x) {
  require_room("exact_total::add", count_, std::ssize(x));
  merge({column_sums("exact_total::add", ctx, {"x", x}, nullptr).front(), std::ssize(x)});
}

void exact_total::add_product(const context& ctx, std::span<const double> x, std::span<const double> y) {
  const operand factors("y", y);
  require_room("exact_total::add_product", count_, std::ssize(x));
  merge({column_sums("exact_total::add_product", ctx, {"x", x}, &factors).front(), std::ssize(x)});
}
void exact_total::add_product(const context& ctx, std::span<const float> x, std::span<const float> y) {
  const operand factors("y", y);
  require_room("exact_total::add_product", count_, std::ssize(x));
  merge({column_sums("exact_total::add_product", ctx, {"x", x}, &factors).front(), std::ssize(x)});
}

void exact_total::merge(const exact_total& other) {
  require_room("exact_total::merge", count_, other.count_);
  count_ += other.count_;
  sum_.merge(other.sum_);
  sum_.normalise();
}

std::int64_t exact_total::count() const { return count_; }

double exact_total::sum() const { return sum_.rounded(); }

double exact_total::mean() const {
  if (count_ == 0) {
    refuse("exact_total::mean", "the count is 0 but a mean needs at least one number");
  }
  return sum_.mean(count_);
}

std::vector<std::byte> exact_total::bytes() const {
  std::vector<std::byte> bytes;
  bytes.reserve(bytes_size);
  for (const char letter : mark) {
    bytes.push_back(static_cast<std::byte>(letter));
  }
  append(bytes, bytes_version);
  append(bytes, static_cast<std::uint64_t>(count_));
  for (const std::int64_t limb : sum_.limbs) {
    append(bytes, static_cast<std::uint32_t>(limb));
  }
  return bytes;
}

namespace {

/// What follows the mark and the version, where these and the size are right.
std::span<const std::byte> contents(const char* function, std::span<const std::byte> bytes) {
  const auto is_letter = [](char letter, std::byte byte) { return static_cast<std::byte>(letter) == byte; };
  if (bytes.size() < mark.size() + sizeof bytes_version ||
      !std::equal(mark.begin(), mark.end(), bytes.begin(), is_letter)) {
    refuse(function, "bytes do not start like those of an exact_total");
  }
  std::span<const std::byte> left = bytes.subspan(mark.size());
  const auto version = take<std::uint32_t>(left);
  if (version != bytes_version) {
    refuse(function, "bytes have version " + std::to_string(version) + " but this library reads version " +
                         std::to_string(bytes_version));
  }
  if (bytes.size() != bytes_size) {
    refuse(function,
           "bytes has " + std::to_string(std::ssize(bytes)) + " elements but must have " + std::to_string(bytes_size));
  }
  return left;
}

}  // namespace

exact_total exact_total::from_bytes(std::span<const std::byte> bytes) {
  const char* const function = "exact_total::from_bytes";
  std::span<const std::byte> left = contents(function, bytes);
  exact_total total;
  total.count_ = static_cast<std::int64_t>(take<std::uint64_t>(left));
  if (total.count_ < 0 || total.count_ > most_numbers) {
    refuse(function, "the count is " + std::to_string(total.count_) + " but must be 0 to 2^62");
  }
  for (std::int64_t& limb : total.sum_.limbs) {
    limb = take<std::uint32_t>(left);
  }
  std::int64_t& last = total.sum_.limbs[n_limbs - 1];
  last = static_cast<std::int32_t>(last);  // it has the sign
  if (!can_be_sum(total.sum_, total.count_)) {
    refuse(function, "the sum cannot be one of " + std::to_string(total.count_) + " numbers");
  }
  return total;
}

bool operator==(const exact_total& a, const exact_total& b) {
  return a.count_ == b.count_ && std::equal(a.sum_.limbs, a.sum_.limbs + n_limbs, b.sum_.limbs);
}

}  // namespace samebits
