// What samebits throws. Messages name the function, the parameter and the value:
// "gmm_fit: n_components is 9 but x has 5 rows".
#pragma once

#include <stdexcept>
#include <string>

#include "samebits/export.hpp"
#include "samebits/samebits.h"

namespace samebits {

/// The base of every exception of this library. `status` is the code that the C interface returns for it.
class SAMEBITS_API error : public std::runtime_error {
 public:
  error(samebits_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  samebits_status status() const { return status_; }

 private:
  samebits_status status_;
};

/// An argument is out of range or has the wrong shape.
class SAMEBITS_API invalid_argument : public error {
 public:
  explicit invalid_argument(const std::string& message) : error(SAMEBITS_INVALID_ARGUMENT, message) {}
};

class SAMEBITS_API out_of_memory : public error {
 public:
  explicit out_of_memory(const std::string& message) : error(SAMEBITS_OUT_OF_MEMORY, message) {}
};

/// The backend or instruction set asked for cannot run here; the message has the reason.
class SAMEBITS_API backend_unavailable : public error {
 public:
  explicit backend_unavailable(const std::string& message) : error(SAMEBITS_BACKEND_UNAVAILABLE, message) {}
};

/// A backend failed while computing.
class SAMEBITS_API backend_failure : public error {
 public:
  explicit backend_failure(const std::string& message) : error(SAMEBITS_BACKEND_FAILURE, message) {}
};

/// The data and options have no finite answer, such as a covariance that is singular.
class SAMEBITS_API numerical_failure : public error {
 public:
  explicit numerical_failure(const std::string& message) : error(SAMEBITS_NUMERICAL_FAILURE, message) {}
};

/// A stream was asked for a word past its last, number 2^66 - 1.
class SAMEBITS_API stream_exhausted : public error {
 public:
  explicit stream_exhausted(const std::string& message) : error(SAMEBITS_STREAM_EXHAUSTED, message) {}
};

/// A file cannot be read or written; the message names it and has the system's reason.
class SAMEBITS_API file_error : public error {
 public:
  explicit file_error(const std::string& message) : error(SAMEBITS_FILE_ERROR, message) {}
};

/// A callback asked to stop.
class SAMEBITS_API interrupted : public error {
 public:
  explicit interrupted(const std::string& message) : error(SAMEBITS_INTERRUPTED, message) {}
};

}  // namespace samebits
