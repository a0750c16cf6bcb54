#include "cli/numbers.hpp"

namespace samebits::cli {
namespace {

/// As .npy files name the type.
const char* npy_type(samebits_dtype dtype) {
  switch (dtype) {
    case SAMEBITS_FLOAT32: return "<f4";
    case SAMEBITS_INT64: return "<i8";
    case SAMEBITS_UINT64: return "<u8";
    case SAMEBITS_UINT32: return "<u4";
    default: return "<f8";
  }
}

}  // namespace

const char* dtype_name(samebits_dtype dtype) {
  switch (dtype) {
    case SAMEBITS_FLOAT32: return "float32";
    case SAMEBITS_INT64: return "int64";
    case SAMEBITS_UINT64: return "uint64";
    case SAMEBITS_UINT32: return "uint32";
    default: return "float64";
  }
}

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0
std::string npy_header(samebits_dtype dtype, const std::vector<std::uint64_t>& shape) {
  constexpr std::string_view magic("\x93NUMPY\x01\0", 8);
  constexpr std::size_t length_size = 2;
  constexpr std::size_t alignment = 64;
  std::string text = std::string("{'descr': '") + npy_type(dtype) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  text += shape.size() == 1 ? ",), }" : "), }";
  const std::size_t before = magic.size() + length_size;
  const std::size_t n_spaces = alignment - 1 - (before + text.size()) % alignment;
  text.append(n_spaces, ' ');
  text += '\n';
  std::string header(magic);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace samebits::cli
