// What the commands of mixtures share: reading data and models, options of fits, results as numbers, JSON and text.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/numbers.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "samebits/digest.hpp"
#include "samebits/error.hpp"
#include "samebits/gmm.hpp"
#include "samebits/gmm_model.hpp"

namespace samebits::cli {

// ---- options -----------------------------------------------------------------------------------------------------

/// Throws "COMMAND: WHAT" as invalid_argument.
[[noreturn]] void refuse(const std::string& command, const std::string& what);

/// The value of that name. `values` has pairs of a value and its name.
template <class Enum>
Enum chosen(const std::string& command, const std::string& option, const std::string& name,
            const std::vector<std::pair<Enum, const char*>>& values) {
  std::string names;
  for (const auto& [value, its_name] : values) {
    if (name == its_name) {
      return value;
    }
    const bool is_last = its_name == values.back().second;
    names += (names.empty() ? "" : is_last ? " or " : ", ") + std::string(its_name);
  }
  refuse(command, option + " is \"" + name + "\" but must be " + names);
}

/// The parts of a list between its commas.
std::vector<std::string> parts_of(const std::string& list);

/// The types of covariance that a list such as full,diag names, or all of them.
covariance_type covariance_of(const std::string& command, const std::string& name);
std::vector<covariance_type> covariances_of(const std::string& command, const std::string& names);

/// The whole numbers of a list such as 1,2,5..8: at most a million, each 0 to 2^53.
std::vector<std::int64_t> numbers_of(const std::string& command, const std::string& option, const std::string& text);

/// float64 or float32.
samebits_dtype float_type(const std::string& command, const std::string& name);

/// What every kind of fit takes.
struct fitting_options {
  gmm_options gmm;
  stream_options stream;
  std::string init = "k-means++";
  std::string schedule = "automatic";
  std::string weights_file;

  void add_to(CLI::App& app);
  /// The options with what they name. The weights live as long as this object.
  gmm_options read(const std::string& command);

 private:
  std::optional<table> weights_;
};

// ---- input -------------------------------------------------------------------------------------------------------

/// Reads a table, with a progress bar. Throws `interrupted` once the user has pressed Ctrl-C.
table read_data(const std::string& command, const std::string& file);
std::optional<table> read_if_given(const std::string& command, const std::string& file);
matrix_view<const double> view(const std::optional<table>& t);

/// Throws input_error, naming the file.
gmm_model read_model(const std::string& file);

/// Rows as doubles or floats.
class data_rows {
 public:
  /// Throws input_error where a number is outside the range of the type.
  data_rows(const std::string& command, const std::string& file, samebits_dtype dtype);

  std::int64_t n_rows() const { return table_.n_rows; }
  std::int64_t n_cols() const { return table_.n_cols; }
  samebits_dtype dtype() const { return dtype_; }
  const std::vector<std::string>& column_names() const { return table_.column_names; }

  /// Calls with the rows as a matrix_view of their type; `n` of them from number `first` on.
  template <class Call>
  auto visit(const Call& call) const {
    return visit(0, n_rows(), call);
  }
  template <class Call>
  auto visit(std::int64_t first, std::int64_t n, const Call& call) const {
    const std::int64_t offset = first * n_cols();
    if (dtype_ == SAMEBITS_FLOAT32) {
      return call(matrix_view<const float>(floats_.data() + offset, n, n_cols()));
    }
    return call(matrix_view<const double>(table_.values.data() + offset, n, n_cols()));
  }

  /// visit() for a chunk of the rows. A message about a row counts from the start of the chunk: where there is one,
  /// again(first + n) follows, which is to fail at the same row of all rows up to there.
  template <class Call, class Again>
  void visit_chunk(std::int64_t first, std::int64_t n, const Call& call, const Again& again) const {
    try {
      visit(first, n, call);
    } catch (const numerical_failure&) {
      if (first > 0) {
        again(first + n);
      }
      throw;
    }
  }

 private:
  table table_;  // of floats without its values
  samebits_dtype dtype_;
  std::vector<float> floats_;
};

// ---- progress ----------------------------------------------------------------------------------------------------

/// The runs that a fit makes: a start that is given makes one, whatever n_init is.
std::int64_t runs_of(const gmm_options& options);

/// A callback of a fit that shows how far it is and stops it when the user presses Ctrl-C.
std::function<bool(const gmm_iteration&)> watch(progress& bar, const gmm_options& options);

/// Calls work(first, n) for chunks of the rows until it returns false; with a progress bar where the results go to a
/// file. Throws `interrupted` once the user has pressed Ctrl-C.
void in_chunks(const std::string& command, const std::string& file, std::uint64_t n_rows, std::int64_t values_per_row,
               const std::function<bool(std::uint64_t first, std::int64_t n)>& work);

// ---- output ------------------------------------------------------------------------------------------------------

/// Where numbers go: a file .npy or .csv, which is there in full or not at all, or lines on standard output.
class number_output {
 public:
  /// @param option  what messages call the file
  /// @param file    empty: standard output
  /// @param shape   {rows} or {rows, columns}
  number_output(const std::string& command, const std::string& option, const std::string& file, samebits_dtype dtype,
                const std::vector<std::uint64_t>& shape);

  /// Writes some more rows; `values` may be changed. False: nobody reads any more.
  template <class T>
  bool write(std::span<T> values) {
    const std::string text = is_npy_ ? "" : lines(values, n_cols_);
    const std::span<const std::byte> bytes = little_endian_bytes(values);
    hash_.update(bytes);
    return write_bytes(is_npy_ ? as_text(bytes) : text);
  }

  /// Puts the file in its place. The digest is that of the numbers' little-endian bytes.
  std::string finish();

 private:
  bool write_bytes(std::string_view bytes);

  bool is_npy_ = false;
  std::size_t n_cols_;
  std::optional<output_file> file_;
  sha256 hash_;
};

/// The model as its file has it.
nlohmann::ordered_json model_json(const gmm_model& model);

/// What gmm_evaluate gives; the log-likelihood is "total_log_likelihood".
nlohmann::ordered_json criteria_json(const gmm_criteria& criteria);

/// Prints the components; `column_names` may be empty.
void print_model(const gmm_model& model, const std::vector<std::string>& column_names);

/// "on cpu (avx512, 2 threads)".
std::string place_text(const context& ctx);

}  // namespace samebits::cli
