// Reading a table of numbers from a CSV or NumPy file.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace samebits::cli {

/// A table of finite numbers with at least one row and one column.
struct table {
  std::int64_t n_rows = 0;
  std::int64_t n_cols = 0;
  std::vector<double> values;             // row after row
  std::vector<std::string> column_names;  // empty when the file has no header
};

/// An input file is missing or bad: the command exits with 2. The message names the file and the place in it.
class input_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Told from time to time while a table is read: "reading" or "parsing", and the share of that done, 0 to 1. What it
/// throws ends the reading.
using reading_progress = std::function<void(const char* stage, double share)>;

/// Reads a file in NumPy's .npy format, known by its first bytes, or else as CSV. Throws input_error.
///
/// CSV: the cells of a line are separated by tabs, semicolons or commas: the first of these that the first line has
/// outside quotes. The first line is a header if none of its cells is a number; one with both is refused. Lines end
/// with LF or CR LF; blank lines may stand only at the end. Cells may be quoted, but not contain line breaks.
///
/// NPY: versions 1.0 to 3.0, `<f8` or `<f4`, one or two dimensions, in C order. One dimension makes one column.
table read_table(const std::string& path, const reading_progress& tell = {});

}  // namespace samebits::cli
