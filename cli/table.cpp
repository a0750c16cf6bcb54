#include "cli/table.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace samebits::cli {
namespace {

// ---- the bytes of a file -----------------------------------------------------------------------------------------

[[noreturn]] void throw_errno(const std::string& path, const char* failed_action, int error) {
  throw input_error(path + ": " + failed_action + ": " + std::generic_category().message(error));
}

/// A file open for reading, which closes itself.
class input_file {
 public:
  input_file(const std::string& path, const reading_progress& tell)
      : path_(path), tell_(tell), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw_errno(path_, "cannot open", errno);
  }
  ~input_file() { ::close(fd_); }
  input_file(const input_file&) = delete;
  input_file& operator=(const input_file&) = delete;

  std::string read_all() {
    const std::size_t size = expected_size();
    std::string bytes(size + 1, '\0');  // one more, so that a regular file ends before the buffer does
    std::size_t used = 0;
    while (const std::size_t n = read_some(bytes.data() + used, std::min(bytes.size() - used, most_at_once))) {
      used += n;
      share_ = used <= size ? static_cast<double>(used) / static_cast<double>(size) : 0;  // of a pipe nobody knows
      tell();
      if (used == bytes.size()) bytes.resize(2 * used);
    }
    bytes.resize(used);
    return bytes;
  }

 private:
  static constexpr std::size_t most_at_once = std::size_t{1} << 24;

  void tell() const {
    if (tell_) tell_("reading", share_);
  }

  std::size_t expected_size() const {
    constexpr std::size_t pipe_buffer = 65536;
    struct stat status;
    if (::fstat(fd_, &status) != 0) throw_errno(path_, "cannot read", errno);
    return S_ISREG(status.st_mode) ? static_cast<std::size_t>(status.st_size) : pipe_buffer;
  }

  std::size_t read_some(char* buffer, std::size_t size) {
    for (;;) {
      const ssize_t n = ::read(fd_, buffer, size);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) throw_errno(path_, "cannot read", errno);
      tell();  // a signal came: perhaps it is no longer wanted
    }
  }

  const std::string& path_;
  const reading_progress& tell_;
  int fd_;
  double share_ = 0;
};

// ---- CSV ---------------------------------------------------------------------------------------------------------

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// `text` for a message: short and without control characters.
std::string printable(std::string_view text) {
  constexpr std::size_t max_size = 40;
  const auto is_continuation = [](char c) { return (c & 0xc0) == 0x80; };
  std::size_t size = std::min(text.size(), max_size);
  while (size > 0 && size < text.size() && is_continuation(text[size])) --size;  // keep UTF-8 characters whole
  std::string result(text.substr(0, size));
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return size < text.size() ? result + "..." : result;
}

std::string quoted(std::string_view text) { return '"' + printable(text) + '"'; }

enum class number_kind { finite, not_finite, out_of_range, not_a_number };
struct number {
  number_kind kind;
  double value;
};

number parse_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  double value = 0;
  const auto [parsed_end, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || parsed_end != end) return {number_kind::not_a_number, 0};
  if (error == std::errc::result_out_of_range) return {number_kind::out_of_range, 0};
  return {std::isfinite(value) ? number_kind::finite : number_kind::not_finite, value};
}

/// The first of tab, semicolon and comma that the line has outside quotes. The comma comes last because it may stand
/// in numbers and names of files that use another separator.
char find_separator(std::string_view line) {
  constexpr std::string_view separators = "\t;,";
  std::size_t best = separators.size() - 1;
  bool in_quotes = false;
  bool at_cell_start = true;
  for (const char c : line) {
    if (c == '"' && (in_quotes || at_cell_start)) in_quotes = !in_quotes;
    const std::size_t found = separators.find(c);
    if (!in_quotes) best = std::min(best, found);
    at_cell_start = found != std::string_view::npos || (at_cell_start && c == ' ');
  }
  return separators[best];
}

/// What the doubled quotes of a quoted cell stand for.
std::string undouble_quotes(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text.substr(i, 2) == "\"\"") ++i;
  }
  return result;
}

class csv_reader {
 public:
  csv_reader(const std::string& path, std::string_view text, const reading_progress& tell)
      : path_(path), text_(text), tell_(tell), size_(text.size()), next_tell_(text.size()) {}

  table read() {
    check_is_text();
    if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
    if (!next_line()) throw input_error(path_ + ": the file is empty");
    separator_ = find_separator(line_);
    read_first_line();
    while (next_line()) {
      append_row();
      tell();
    }
    if (table_.n_rows == 0) throw input_error(path_ + ": a header but no rows");
    return std::move(table_);
  }

 private:
  struct bad_cell {
    std::int64_t column;
    std::string_view text;
    number_kind kind;
  };

  /// Tells how far it is, once a megabyte.
  void tell() {
    constexpr std::size_t step = std::size_t{1} << 20;
    if (!tell_ || text_.size() > next_tell_) return;
    next_tell_ = text_.size() > step ? text_.size() - step : 0;
    tell_("parsing", 1 - static_cast<double>(text_.size()) / static_cast<double>(size_));
  }

  void check_is_text() const {
    const std::size_t nul = text_.find('\0');
    if (nul == std::string_view::npos) return;
    throw input_error(path_ + ": a binary file, neither CSV nor .npy: the byte at offset " + std::to_string(nul) +
                      " is zero");
  }

  [[noreturn]] void fail_line(const std::string& reason) const {
    throw input_error(path_ + ':' + std::to_string(line_number_) + ": " + reason);
  }

  [[noreturn]] void fail_cell(std::int64_t column, const std::string& reason) const {
    std::string place = "column " + std::to_string(column);
    const auto index = static_cast<std::size_t>(column - 1);
    if (index < table_.column_names.size() && !table_.column_names[index].empty()) {
      place += " (" + quoted(table_.column_names[index]) + ')';
    }
    fail_line(place + ": " + reason);
  }

  [[noreturn]] void fail_number(const bad_cell& bad) const {
    if (bad.kind == number_kind::not_finite) fail_cell(bad.column, printable(bad.text) + " is not finite");
    if (bad.kind == number_kind::out_of_range) {
      fail_cell(bad.column, printable(bad.text) + " is outside the range of double");
    }
    fail_cell(bad.column, quoted(bad.text) + " is not a number");
  }

  [[noreturn]] void fail_n_cells() const {
    fail_line(std::to_string(column_) + (column_ == 1 ? " cell" : " cells") + ", but line 1 has " +
              std::to_string(table_.n_cols));
  }

  /// Moves to the next line; false at the end of the file and where only blank lines are left.
  bool next_line() {
    if (text_.empty()) return false;
    ++line_number_;
    const std::size_t size = text_.find('\n');
    line_ = text_.substr(0, size);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    if (trim(line_).empty()) {
      if (text_.find_first_not_of(" \r\n") == std::string_view::npos) return false;
      fail_line("the line is blank");
    }
    if (line_.find('\r') != std::string_view::npos) fail_line("a carriage return inside the line");
    text_.remove_prefix(size == std::string_view::npos ? text_.size() : size + 1);
    start_line();
    return true;
  }

  void start_line() {
    rest_ = line_;
    column_ = 0;
    line_is_done_ = false;
  }

  /// Moves to the next cell of the line; false at its end.
  bool next_cell() {
    if (line_is_done_) return false;
    ++column_;
    const std::size_t first = rest_.find_first_not_of(' ');
    cell_is_quoted_ = first != std::string_view::npos && rest_[first] == '"';
    if (cell_is_quoted_) {
      rest_.remove_prefix(first + 1);
      cell_ = take_quoted_text();
      if (!trim(take_until_separator()).empty()) fail_cell(column_, "text after the closing quote");
    } else {
      cell_ = trim(take_until_separator());
    }
    return true;
  }

  std::string_view take_until_separator() {
    const std::size_t size = rest_.find(separator_);
    const std::string_view taken = rest_.substr(0, size);
    line_is_done_ = size == std::string_view::npos;
    rest_.remove_prefix(line_is_done_ ? rest_.size() : size + 1);
    return taken;
  }

  /// What stands before the closing quote; the opening one is gone already.
  std::string_view take_quoted_text() {
    std::size_t end = rest_.find('"');
    while (end != std::string_view::npos && rest_.substr(end, 2) == "\"\"") end = rest_.find('"', end + 2);
    if (end == std::string_view::npos) fail_cell(column_, "the closing quote is missing");
    const std::string_view taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return taken;
  }

  /// A header when no cell is a number. A line of both is refused: taken for a header, a row with one bad cell would be
  /// lost without a word.
  void read_first_line() {
    std::vector<std::string> names;
    std::optional<std::int64_t> first_number;
    std::optional<bad_cell> first_text;
    while (next_cell()) {
      names.push_back(cell_is_quoted_ ? undouble_quotes(cell_) : std::string(cell_));
      const number_kind kind = parse_number(trim(cell_)).kind;
      if (kind != number_kind::not_a_number && !first_number) first_number = column_;
      if (kind == number_kind::not_a_number && !first_text) first_text = bad_cell{column_, cell_, kind};
    }
    table_.n_cols = column_;
    if (first_text && first_number) {
      fail_cell(first_text->column, quoted(first_text->text) + " is not a number, but column " +
                                        std::to_string(*first_number) + " is; a header has no numbers");
    }
    if (first_text) {
      table_.column_names = std::move(names);
    } else {
      start_line();
      append_row();
    }
  }

  void append_row() {
    std::optional<bad_cell> first_bad;
    while (next_cell()) {
      const auto [kind, value] = parse_number(trim(cell_));
      if (kind != number_kind::finite && !first_bad) first_bad = bad_cell{column_, cell_, kind};
      table_.values.push_back(value);
    }
    if (column_ != table_.n_cols) fail_n_cells();  // it explains more than a strange cell does
    if (first_bad) fail_number(*first_bad);
    ++table_.n_rows;
  }

  const std::string& path_;
  std::string_view text_;  // what is still to be read
  const reading_progress& tell_;
  std::size_t size_;
  std::size_t next_tell_;  // when no more than this is still to be read
  char separator_ = ',';
  std::int64_t line_number_ = 0;
  std::string_view line_;
  std::string_view rest_;  // what is still to be read of the line
  bool line_is_done_ = false;
  std::int64_t column_ = 0;
  std::string_view cell_;  // of a quoted cell, what stands between its quotes
  bool cell_is_quoted_ = false;
  table table_;
};

// ---- NPY ---------------------------------------------------------------------------------------------------------
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

constexpr std::string_view npy_magic = "\x93NUMPY";

/// The unsigned integer whose lowest byte comes first. The bytes are not aligned.
template <class Unsigned>
Unsigned load_little_endian(const char* p) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    value |= static_cast<Unsigned>(static_cast<Unsigned>(static_cast<unsigned char>(p[i])) << (8 * i));
  }
  return value;
}

struct npy_header {
  std::string_view dtype;
  bool is_fortran_order = false;
  std::vector<std::uint64_t> shape;
};

/// Reads the header's text, a Python dictionary such as
/// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }`.
class npy_header_parser {
 public:
  npy_header_parser(const std::string& path, std::string_view text) : path_(path), text_(text) {}

  npy_header parse() {
    expect("{");
    while (!accept("}")) {
      parse_entry();
      if (accept(",")) continue;
      expect("}");
      break;
    }
    skip_space();
    if (position_ != text_.size()) fail("nothing more");
    if (!dtype_ || !is_fortran_order_ || !shape_) fail("'descr', 'fortran_order' and 'shape' before it");
    return {*dtype_, *is_fortran_order_, std::move(*shape_)};
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw input_error(path_ + ": the NPY header is malformed: expected " + expected + " at offset " +
                      std::to_string(position_) + " of it");
  }

  void skip_space() { position_ = std::min(text_.find_first_not_of(" \n", position_), text_.size()); }

  bool accept(std::string_view token) {
    skip_space();
    if (!text_.substr(position_).starts_with(token)) return false;
    position_ += token.size();
    return true;
  }

  void expect(const std::string& token) {
    if (!accept(token)) fail(token);
  }

  void parse_entry() {
    const std::string_view key = parse_string();
    expect(":");
    if (key == "descr" && !dtype_) {
      dtype_ = parse_dtype();
    } else if (key == "fortran_order" && !is_fortran_order_) {
      is_fortran_order_ = parse_bool();
    } else if (key == "shape" && !shape_) {
      shape_ = parse_shape();
    } else {
      fail("each of 'descr', 'fortran_order' and 'shape' once");
    }
  }

  std::string_view parse_string() {
    const bool is_single = accept("'");
    if (!is_single && !accept("\"")) fail("a string");
    const std::size_t end = text_.find(is_single ? '\'' : '"', position_);
    if (end == std::string_view::npos) fail("a string that ends");
    const std::string_view content = text_.substr(position_, end - position_);
    position_ = end + 1;
    return content;
  }

  std::string_view parse_dtype() {
    if (accept("[")) {
      throw input_error(path_ + ": a structured array; save one plain array, see " +
                        "numpy.lib.recfunctions.structured_to_unstructured");
    }
    return parse_string();
  }

  bool parse_bool() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }

  std::vector<std::uint64_t> parse_shape() {
    std::vector<std::uint64_t> shape;
    expect("(");
    while (!accept(")")) {
      shape.push_back(parse_dimension());
      if (accept(",")) continue;
      expect(")");
      break;
    }
    return shape;
  }

  std::uint64_t parse_dimension() {
    skip_space();
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + position_, text_.data() + text_.size(), value);
    if (error == std::errc::invalid_argument) fail("a number");
    if (error == std::errc::result_out_of_range) fail("a number below 2^64");
    position_ = static_cast<std::size_t>(end - text_.data());
    accept("L");  // Python 2 wrote long integers so
    return value;
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t position_ = 0;
  std::optional<std::string_view> dtype_;
  std::optional<bool> is_fortran_order_;
  std::optional<std::vector<std::uint64_t>> shape_;
};

class npy_reader {
 public:
  npy_reader(const std::string& path, std::string_view bytes) : path_(path), bytes_(bytes) {}

  table read() {
    bytes_.remove_prefix(npy_magic.size());
    const npy_header header = npy_header_parser(path_, take_header()).parse();
    check_dtype(header.dtype);
    const auto [n_rows, n_cols] = rows_and_columns(header.shape);
    if (header.is_fortran_order && n_rows != 1 && n_cols != 1) {
      fail("in Fortran order; save np.ascontiguousarray(a) instead");
    }
    const std::size_t value_size = header.dtype == "<f8" ? sizeof(double) : sizeof(float);
    check_size(n_rows, n_cols, value_size);

    table result{static_cast<std::int64_t>(n_rows), static_cast<std::int64_t>(n_cols), {}, {}};
    result.values =
        value_size == sizeof(double) ? load_values<double, std::uint64_t>() : load_values<float, std::uint32_t>();
    check_finite(result);
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const { throw input_error(path_ + ": " + reason); }

  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) fail("truncated: the file ends inside the NPY header");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view take_header() {
    const std::string_view version = take(2);
    const auto major = static_cast<unsigned char>(version[0]);
    const auto minor = static_cast<unsigned char>(version[1]);
    if (major < 1 || major > 3 || minor != 0) {
      fail("NPY version " + std::to_string(major) + '.' + std::to_string(minor) +
           " is not supported; versions 1.0, 2.0 and 3.0 are");
    }
    const std::size_t size = major == 1 ? load_little_endian<std::uint16_t>(take(2).data())
                                        : load_little_endian<std::uint32_t>(take(4).data());
    return take(size);
  }

  void check_dtype(std::string_view dtype) const {
    if (dtype == "<f8" || dtype == "<f4") return;
    fail((dtype.starts_with('>') ? "big-endian dtype " : "dtype ") + quoted(dtype) +
         " is not supported; save a.astype('<f8') instead");
  }

  std::pair<std::uint64_t, std::uint64_t> rows_and_columns(const std::vector<std::uint64_t>& shape) const {
    if (shape.empty()) fail("the array has no dimensions; save a.reshape(1, 1) instead");
    if (shape.size() > 2) {
      fail("the array has " + std::to_string(shape.size()) + " dimensions; save a.reshape(len(a), -1) instead");
    }
    const std::uint64_t n_rows = shape[0];
    const std::uint64_t n_cols = shape.size() == 2 ? shape[1] : 1;
    if (n_rows == 0) fail("the array has no rows");
    if (n_cols == 0) fail("the array has no columns");
    return {n_rows, n_cols};
  }

  /// The file must hold exactly the values of the shape. Divides, since the products may overflow.
  void check_size(std::uint64_t n_rows, std::uint64_t n_cols, std::size_t value_size) const {
    const std::string shape = std::to_string(n_rows) + " x " + std::to_string(n_cols) + " values";
    if (n_rows > bytes_.size() / value_size / n_cols) {
      fail("truncated: " + std::to_string(bytes_.size()) + " bytes after the header are too few for " + shape);
    }
    const std::uint64_t n_left = bytes_.size() - n_rows * n_cols * value_size;
    if (n_left > 0) fail(std::to_string(n_left) + " bytes too many after " + shape + "; save one array in a file");
  }

  template <class Float, class Unsigned>
  std::vector<double> load_values() const {
    std::vector<double> values(bytes_.size() / sizeof(Float));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = load_little_endian<Unsigned>(bytes_.data() + i * sizeof(Float));
      values[i] = static_cast<double>(std::bit_cast<Float>(bits));
    }
    return values;
  }

  void check_finite(const table& checked) const {
    const auto bad = std::find_if_not(checked.values.begin(), checked.values.end(),
                                      [](double value) { return std::isfinite(value); });
    if (bad == checked.values.end()) return;
    const std::int64_t index = bad - checked.values.begin();
    const char* const text = std::isnan(*bad) ? "nan" : *bad < 0 ? "-inf" : "inf";
    fail("row " + std::to_string(index / checked.n_cols) + ", column " + std::to_string(index % checked.n_cols) + ": " +
         text + " is not finite (rows and columns count from 0, as in NumPy)");
  }

  const std::string& path_;
  std::string_view bytes_;  // what is still to be read
};

}  // namespace

table read_table(const std::string& path, const reading_progress& tell) {
  const std::string bytes = input_file(path, tell).read_all();
  if (std::string_view(bytes).starts_with(npy_magic)) return npy_reader(path, bytes).read();
  return csv_reader(path, bytes, tell).read();
}

}  // namespace samebits::cli
