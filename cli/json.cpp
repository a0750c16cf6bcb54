#include "cli/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

namespace samebits::cli {
namespace {

using nlohmann::ordered_json;

std::string double_text(double value) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 32> buffer;  // the longest is -2.2250738585072014e-308
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 17);
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

bool holds_only_numbers(const ordered_json& array) {
  return std::all_of(array.begin(), array.end(), [](const ordered_json& item) { return item.is_number(); });
}

class json_writer {
 public:
  explicit json_writer(int indent) : indent_(indent) {}

  void write(const ordered_json& value) {
    if (value.is_object() && !value.empty()) {
      write_object(value);
    } else if (value.is_array() && !value.empty()) {
      write_array(value);
    } else {
      text_ += scalar_text(value);
    }
  }

  std::string take_text() { return std::move(text_); }

 private:
  bool one_line() const { return indent_ < 0; }

  static std::string scalar_text(const ordered_json& value) {
    if (value.is_number_float()) return double_text(value.get<double>());
    return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }

  void break_line() {
    if (one_line()) return;
    text_ += '\n';
    text_.append(static_cast<std::size_t>(depth_) * static_cast<std::size_t>(indent_), ' ');
  }

  void write_object(const ordered_json& object) {
    text_ += '{';
    ++depth_;
    std::string_view separator;
    for (const auto& [key, item] : object.items()) {
      text_ += separator;
      separator = ",";
      break_line();
      text_ += scalar_text(key);
      text_ += one_line() ? ":" : ": ";
      write(item);
    }
    --depth_;
    break_line();
    text_ += '}';
  }

  void write_array(const ordered_json& array) {
    if (holds_only_numbers(array)) return write_numbers(array);
    text_ += '[';
    ++depth_;
    std::string_view separator;
    for (const ordered_json& item : array) {
      text_ += separator;
      separator = ",";
      break_line();
      write(item);
    }
    --depth_;
    break_line();
    text_ += ']';
  }

  void write_numbers(const ordered_json& array) {
    text_ += '[';
    std::string_view separator;
    for (const ordered_json& item : array) {
      text_ += separator;
      separator = one_line() ? "," : ", ";
      text_ += scalar_text(item);
    }
    text_ += ']';
  }

  int indent_;
  int depth_ = 0;
  std::string text_;
};

}  // namespace

std::string to_json(const ordered_json& value, int indent) {
  json_writer writer(indent);
  writer.write(value);
  return writer.take_text();
}

}  // namespace samebits::cli
