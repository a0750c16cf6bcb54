// What the files of the C interface share: each function is a call of its C++ twin behind guard().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <string>

#include "samebits/context.hpp"
#include "samebits/error.hpp"
#include "samebits/samebits.h"

struct samebits_context {
  samebits::context context;
};

namespace samebits::c_api {

/// Keeps the message as the thread's last error and returns the status.
samebits_status failed(samebits_status status, const char* message) noexcept;

/// Runs the body and turns what it throws into a status and the thread's last error.
template <class Body>
samebits_status guard(const Body& body) noexcept {
  try {
    body();
    return SAMEBITS_OK;
  } catch (const samebits::error& e) {
    return failed(e.status(), e.what());
  } catch (const std::bad_alloc&) {
    return failed(SAMEBITS_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    return failed(SAMEBITS_INTERNAL, e.what());
  } catch (...) {
    return failed(SAMEBITS_INTERNAL, "an unknown exception");
  }
}

inline void require_pointer(const void* pointer, const char* function, const char* parameter) {
  if (pointer == nullptr) {
    throw invalid_argument(std::string(function) + ": " + parameter + " is NULL");
  }
}

inline void require_size(int64_t n, const char* function, const char* size_parameter) {
  if (n < 0) {
    throw invalid_argument(std::string(function) + ": " + size_parameter + " is " + std::to_string(n) +
                           " but must not be negative");
  }
}

/// Of an array of n elements: n is not negative, and there is an array where n is not 0.
inline void require_array(const void* pointer, int64_t n, const char* function, const char* parameter,
                          const char* size_parameter) {
  require_size(n, function, size_parameter);
  if (n > 0) {
    require_pointer(pointer, function, parameter);
  }
}

/// Of rows x: none need no array. A number of rows that is negative is refused elsewhere, with the shape of x.
inline void require_rows(const void* pointer, int64_t n_rows, const char* function, const char* parameter) {
  if (n_rows != 0) {
    require_pointer(pointer, function, parameter);
  }
}

/// Of a matrix: its sizes are not negative, and there is an array where neither is 0.
inline void require_matrix(const void* pointer, int64_t n_rows, int64_t n_cols, const char* function,
                           const char* parameter, const char* rows_parameter, const char* cols_parameter) {
  require_size(n_rows, function, rows_parameter);
  require_size(n_cols, function, cols_parameter);
  if (n_rows > 0 && n_cols > 0) {
    require_pointer(pointer, function, parameter);
  }
}

/// An array of n elements that may be missing. An n that is negative is refused elsewhere.
template <class T>
std::span<T> array(T* first, int64_t n) {
  return first == nullptr ? std::span<T>() : std::span<T>(first, static_cast<std::size_t>(std::max<int64_t>(n, 0)));
}

/// What a C program passed for an enumeration: in C++ it could not be looked at where it is none of its values.
template <class Given>
int32_t number_of(const Given& value) {
  int32_t number;
  static_assert(sizeof value == sizeof number);
  std::memcpy(&number, &value, sizeof number);
  return number;
}

/// A value of a C enumeration as that of its C++ twin, whose values are the same.
template <class Given, class Enum>
Enum to_enum(const Given& value, Enum last, const std::string& function, const std::string& name) {
  const int32_t number = number_of(value);
  if (number < 0 || number > static_cast<int32_t>(last)) {
    throw invalid_argument(function + ": " + name + " is " + std::to_string(number) + " but must be 0 to " +
                           std::to_string(static_cast<int32_t>(last)));
  }
  return static_cast<Enum>(number);
}

/// Calls call(T{}) with the type T that dtype stands for.
template <class Call>
void for_type(samebits_dtype dtype, const char* function, const Call& call) {
  switch (dtype) {
    case SAMEBITS_FLOAT64: return call(double{});
    case SAMEBITS_FLOAT32: return call(float{});
    default:
      throw invalid_argument(std::string(function) + ": dtype is " + std::to_string(static_cast<int32_t>(dtype)) +
                             " but must be SAMEBITS_FLOAT64 or SAMEBITS_FLOAT32");
  }
}

/// The caller's options over the defaults: a caller built against an older header has a shorter struct.
template <class Options>
Options complete(const Options* given, void (*init)(Options*), const char* function, const char* name = "options") {
  Options options;
  init(&options);
  if (given != nullptr) {
    if (given->struct_size < sizeof(std::size_t) || given->struct_size > sizeof(Options)) {
      throw invalid_argument(std::string(function) + ": " + name + ".struct_size is " +
                             std::to_string(given->struct_size) + "; call the _init function first");
    }
    std::memcpy(&options, given, given->struct_size);
    options.struct_size = sizeof(Options);
  }
  return options;
}

}  // namespace samebits::c_api
