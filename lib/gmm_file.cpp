// Mixtures as JSON: docs/models.md has the format.
#include "samebits/gmm_file.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <system_error>
#include <utility>

#include "lib/fp_environment.hpp"
#include "lib/gmm_model.hpp"
#include "lib/replacing_file.hpp"
#include "samebits/error.hpp"
#include "samebits/version.hpp"

namespace samebits {
namespace {

using nlohmann::json;
using shape = std::vector<std::int64_t>;

constexpr const char* format_name = "samebits-gmm";
constexpr int format_version = 1;

/// The default floating-point environment also for the C library: its strtod, which reads the numbers, rounds on x86 by
/// the mode of the x87 unit, even where that computes nothing.
class text_environment {
 public:
#if defined(__x86_64__)
  text_environment() {
    constexpr std::uint16_t default_control_word = 0x037f;
    asm volatile("fnstcw %0" : "=m"(saved_));
    set(default_control_word);
  }
  ~text_environment() { set(saved_); }
#else
  text_environment() = default;
#endif
  text_environment(const text_environment&) = delete;
  text_environment& operator=(const text_environment&) = delete;

 private:
  default_fp_environment environment_;
#if defined(__x86_64__)
  static void set(std::uint16_t control_word) { asm volatile("fldcw %0" : : "m"(control_word)); }
  std::uint16_t saved_;
#endif
};

/// How the arrays of the file nest: covariances_shape without the dimensions that the type makes 1.
shape covariances_nesting(covariance_type type, std::int64_t k, std::int64_t n) {
  switch (type) {
    case covariance_type::full: return {k, n, n};
    case covariance_type::tied: return {n, n};
    case covariance_type::diag: return {k, n};
    case covariance_type::spherical: return {k};
    case covariance_type::tied_diag: return {n};
    case covariance_type::tied_spherical: break;
  }
  return {};
}

// ---- writing -----------------------------------------------------------------------------------------------------

/// The shortest decimals that give the same double. They show that it is one: other readers take -0 for the integer 0.
std::string number_text(double value) {
  std::array<char, 32> buffer;  // the longest is -2.2250738585072014e-308
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  return text;
}

/// Writes an object of numbers, texts and arrays, a key at a time.
class object_writer {
 public:
  void add(const char* key, std::string value) { text_ += separator() + '"' + key + "\": " + std::move(value); }
  void add_text(const char* key, const std::string& value) { add(key, '"' + value + '"'); }
  void add_numbers(const char* key, std::span<const double> values, const shape& dimensions) {
    add(key, array_text(values, dimensions, "\n  "));
  }

  std::string take() { return std::move(text_) + "\n}\n"; }

 private:
  std::string separator() { return std::exchange(is_first_, false) ? "{\n  " : ",\n  "; }

  /// Arrays of numbers stand on one line each.
  static std::string array_text(std::span<const double> values, std::span<const std::int64_t> dimensions,
                                const std::string& line) {
    if (dimensions.empty()) {
      return number_text(values[0]);
    }
    const bool is_row = dimensions.size() == 1;
    const auto n = static_cast<std::size_t>(dimensions[0]);
    const std::string deeper = line + "  ";
    std::string text = "[";
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t size = values.size() / n;
      text += i == 0 ? (is_row ? "" : deeper) : (is_row ? ", " : "," + deeper);
      text += array_text(values.subspan(i * size, size), dimensions.subspan(1), deeper);
    }
    return text + (is_row ? "]" : line + "]");
  }

  bool is_first_ = true;
  std::string text_;
};

void require_finite(const char* function, double value, const std::string& name) {
  if (!std::isfinite(value)) {
    throw invalid_argument(std::string(function) + ": model." + name + " is " +
                           (std::isnan(value) ? "nan" : "infinite") + " but must be finite");
  }
}

std::string to_json(const char* function, const gmm_model& m) {
  const default_fp_environment environment;
  gmm::require_valid(function, m);
  require_finite(function, m.log_likelihood, "log_likelihood");
  for (std::size_t i = 0; i < m.trace.size(); ++i) {
    require_finite(function, m.trace[i], "trace[" + std::to_string(i) + "]");
  }
  object_writer writer;
  writer.add_text("format", format_name);
  writer.add("format_version", std::to_string(format_version));
  writer.add_text("samebits_version", SAMEBITS_VERSION);
  writer.add("numerics_version", std::to_string(SAMEBITS_NUMERICS_VERSION));
  writer.add_text("covariance_type", name_of(m.covariance));
  writer.add("n_components", std::to_string(m.n_components));
  writer.add("n_cols", std::to_string(m.n_cols));
  writer.add_numbers("weights", m.weights, {m.n_components});
  writer.add_numbers("means", m.means, {m.n_components, m.n_cols});
  writer.add_numbers("covariances", m.covariances, covariances_nesting(m.covariance, m.n_components, m.n_cols));
  writer.add("log_likelihood", number_text(m.log_likelihood));
  writer.add("n_iter", std::to_string(m.n_iter));
  writer.add("converged", m.converged ? "true" : "false");
  writer.add("restart", std::to_string(m.restart));
  writer.add_numbers("trace", m.trace, {static_cast<std::int64_t>(m.trace.size())});
  writer.add_text("digest", gmm_digest(m));
  return writer.take();
}

// ---- reading -----------------------------------------------------------------------------------------------------

class model_reader {
 public:
  /// @param where  what messages begin with
  model_reader(std::string where, std::string_view text) : where_(std::move(where)) { parse(text); }

  gmm_model read() {
    check_format();
    gmm_model m;
    m.covariance = read_covariance_type();
    m.n_components = read_count("n_components");
    m.n_cols = read_count("n_cols");
    m.weights = read_numbers("weights", {m.n_components});
    m.means = read_numbers("means", {m.n_components, m.n_cols});
    m.covariances = read_numbers("covariances", covariances_nesting(m.covariance, m.n_components, m.n_cols));
    read_history(m);
    gmm::require_valid(where_.c_str(), m);
    check_digest(m);
    return m;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw invalid_argument(where_ + ": " + what); }

  void parse(std::string_view text) {
    try {
      root_ = json::parse(text);
    } catch (const json::parse_error& e) {
      fail("no JSON: a mistake at byte " + std::to_string(e.byte));
    } catch (const json::exception&) {
      fail("a number is outside the range of double");
    }
    if (!root_.is_object()) {
      fail(std::string("the text is ") + described(root_) + " but must be an object");
    }
  }

  /// A value for a message: its text if that is short.
  static std::string described(const json& value) {
    const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
    constexpr std::size_t most = 40;
    return text.size() <= most ? text : std::string(value.is_string() ? "a " : "an ") + value.type_name();
  }

  const json* find(const char* key) const {
    const auto found = root_.find(key);
    return found == root_.end() ? nullptr : &*found;
  }
  const json& get(const char* key) const {
    const json* const value = find(key);
    if (value == nullptr) {
      fail(std::string(key) + " is missing");
    }
    return *value;
  }

  std::string text_of(const char* key, const json& value) const {
    if (!value.is_string()) {
      fail(std::string(key) + " is " + described(value) + " but must be a string");
    }
    return value.get<std::string>();
  }

  void check_format() const {
    if (const std::string format = text_of("format", get("format")); format != format_name) {
      fail("format is " + described(get("format")) + " but must be \"" + format_name + '"');
    }
    if (const json& version = get("format_version"); version != format_version) {
      fail("format_version is " + described(version) + " but samebits " SAMEBITS_VERSION " reads version " +
           std::to_string(format_version));
    }
  }

  covariance_type read_covariance_type() const {
    const std::string name = text_of("covariance_type", get("covariance_type"));
    std::string names;
    for (const covariance_type type : covariance_types) {
      if (name == name_of(type)) {
        return type;
      }
      names += (names.empty() ? "" : ", ") + std::string(name_of(type));
    }
    fail("covariance_type is " + described(get("covariance_type")) + " but must be one of " + names);
  }

  std::int64_t whole_number(const char* key, const json& value, std::int64_t least) const {
    const bool is_too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
    if (!value.is_number_integer() || is_too_large || value.get<std::int64_t>() < least) {
      fail(std::string(key) + " is " + described(value) + " but must be a whole number, at least " +
           std::to_string(least));
    }
    return value.get<std::int64_t>();
  }
  std::int64_t read_count(const char* key) const { return whole_number(key, get(key), 1); }

  /// The numbers of nested arrays, row after row. Memory follows what is there, not what the dimensions say.
  std::vector<double> read_numbers(const char* key, const shape& dimensions) {
    std::vector<double> numbers;
    append_numbers(key, get(key), dimensions, numbers);
    return numbers;
  }

  void append_numbers(const char* key, const json& value, std::span<const std::int64_t> dimensions,
                      std::vector<double>& numbers) {
    if (dimensions.empty()) {
      if (!value.is_number()) {
        fail(place(key) + " is " + described(value) + " but must be a number");
      }
      numbers.push_back(value.get<double>());
      return;
    }
    require_array(key, value);
    if (value.size() != static_cast<std::size_t>(dimensions[0])) {
      fail(place(key) + " has " + std::to_string(value.size()) + " elements but must have " +
           std::to_string(dimensions[0]));
    }
    append_elements(key, value, dimensions.subspan(1), numbers);
  }

  void append_elements(const char* key, const json& array, std::span<const std::int64_t> dimensions,
                       std::vector<double>& numbers) {
    for (std::size_t i = 0; i < array.size(); ++i) {
      indices_.push_back(i);
      append_numbers(key, array[i], dimensions, numbers);
      indices_.pop_back();
    }
  }

  void require_array(const char* key, const json& value) const {
    if (!value.is_array()) {
      fail(place(key) + " is " + described(value) + " but must be an array");
    }
  }

  /// Where reading has come to, such as covariances[2][0].
  std::string place(const char* key) const {
    std::string text = key;
    for (const std::size_t i : indices_) {
      text += '[' + std::to_string(i) + ']';
    }
    return text;
  }

  /// What tells of the fit; other programs may leave it out.
  void read_history(gmm_model& m) {
    if (const json* const value = find("log_likelihood")) {
      std::vector<double> number;
      append_numbers("log_likelihood", *value, {}, number);
      m.log_likelihood = number[0];
    }
    if (const json* const value = find("n_iter")) {
      m.n_iter = whole_number("n_iter", *value, 0);
    }
    if (const json* const value = find("converged")) {
      if (!value->is_boolean()) {
        fail("converged is " + described(*value) + " but must be true or false");
      }
      m.converged = value->get<bool>();
    }
    if (const json* const value = find("restart")) {
      m.restart = whole_number("restart", *value, 0);
    }
    if (const json* const value = find("trace")) {
      require_array("trace", *value);
      append_elements("trace", *value, {}, m.trace);
    }
  }

  void check_digest(const gmm_model& m) const {
    const json* const value = find("digest");
    if (value == nullptr) {
      return;
    }
    const std::string claimed = text_of("digest", *value);
    if (const std::string digest = gmm_digest(m); digest != claimed) {
      fail("digest is \"" + claimed + "\" but that of the numbers is \"" + digest + "\"; leave it out after a change");
    }
  }

  std::string where_;
  json root_;
  std::vector<std::size_t> indices_;  // of the element being read
};

/// @param where  what messages begin with
gmm_model from_json(std::string where, std::string_view text) {
  const text_environment of_the_library;
  return model_reader(std::move(where), text).read();
}

std::string read_file(const std::string& path) {
  const auto require = [&](bool is_well) {
    if (!is_well) {
      throw file_error("gmm_load: " + path + ": cannot read: " + std::generic_category().message(errno));
    }
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  require(file != nullptr);
  std::string text;
  std::array<char, 65536> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), n);
  }
  require(std::ferror(file.get()) == 0);
  return text;
}

}  // namespace

std::string gmm_to_json(const gmm_model& model) { return to_json("gmm_to_json", model); }

gmm_model gmm_from_json(std::string_view text) { return from_json("gmm_from_json", text); }

void gmm_save(const gmm_model& model, const std::string& path) {
  const std::string text = to_json("gmm_save", model);
  try {
    replacing_file file(path);
    file.write(text);
    file.finish();
  } catch (const std::system_error& e) {
    throw file_error("gmm_save: " + path + ": cannot write: " + e.code().message());
  }
}

gmm_model gmm_load(const std::string& path) { return from_json("gmm_load: " + path, read_file(path)); }

}  // namespace samebits
