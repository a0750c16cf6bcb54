// Writing results: a file is there in full or it is as it was.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace samebits::cli {

/// A result cannot be written: the command exits with 1.
class output_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Writes `bytes` to `path`, all or nothing. A new or regular file is first written beside its place and then renamed
/// over it; on failure an earlier file stays as it was. It keeps the mode of an earlier file and follows symbolic
/// links. Anything else (a device, a FIFO, /dev/stdout) is written to directly. Throws output_error.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace samebits::cli
