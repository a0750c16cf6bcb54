// What the files of the C interface share: each function is a call of its C++ twin behind guard().
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
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

/// Of an array of n elements: n is not negative, and there is an array where n is not 0.
inline void require_array(const void* pointer, int64_t n, const char* function, const char* parameter,
                          const char* size_parameter) {
  if (n < 0) {
    throw invalid_argument(std::string(function) + ": " + size_parameter + " is " + std::to_string(n) +
                           " but must not be negative");
  }
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
