// What all functions of the library say about bad arguments.
#pragma once

#include <charconv>
#include <cmath>
#include <string>

#include "lib/data_view.hpp"
#include "samebits/error.hpp"

namespace samebits {

/// Throws "FUNCTION: WHAT".
[[noreturn]] inline void refuse(const char* function, const std::string& what) {
  throw invalid_argument(std::string(function) + ": " + what);
}

inline std::string text(std::int64_t n) { return std::to_string(n); }
/// The shortest digits that give the number back.
inline std::string text(double value) {
  char digits[32];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
  return std::string(digits, end.ptr);
}

/// " at row 3, column 0 (counted from 0)"
inline std::string place_text(std::int64_t row, std::int64_t column) {
  return " at row " + text(row) + ", column " + text(column) + " (counted from 0)";
}

/// "3 x 2"
inline std::string shape_text(std::int64_t n_rows, std::int64_t n_cols) { return text(n_rows) + " x " + text(n_cols); }

/// "1 row", "2 rows"
inline std::string counted(std::int64_t n, const char* noun) { return text(n) + ' ' + noun + (n == 1 ? "" : "s"); }

/// More values than this have no place in memory.
inline constexpr std::int64_t most_values = std::int64_t{1} << 56;

inline void check_shape(const char* function, const char* name, std::int64_t n_rows, std::int64_t n_cols,
                        std::int64_t needed_rows, std::int64_t needed_cols) {
  if (n_rows != needed_rows || n_cols != needed_cols) {
    refuse(function, std::string(name) + " is " + shape_text(n_rows, n_cols) + " but must be " +
                         shape_text(needed_rows, needed_cols));
  }
}

/// Refuses the first NaN or infinity of a matrix.
inline void require_finite(const char* function, const char* name, const data_view& x) {
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    for (std::int64_t j = 0; j < x.n_cols; ++j) {
      if (!std::isfinite(x(i, j))) {
        refuse(function, std::string(name) + " is " + text(x(i, j)) + place_text(i, j) + " but must be finite");
      }
    }
  }
}

}  // namespace samebits
