// Writing results: a file is there in full or it is as it was.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "lib/replacing_file.hpp"

namespace samebits::cli {

/// A result cannot be written: the command exits with 1.
class output_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A replacing_file that throws output_error, and stops waiting for a reader when the user presses Ctrl-C.
class output_file {
 public:
  explicit output_file(const std::string& path);

  void write(std::string_view bytes);
  void finish();

 private:
  std::string path_;
  std::unique_ptr<replacing_file> file_;
};

/// Writes `bytes` to `path` as one output_file.
void write_file(const std::string& path, std::string_view bytes);

/// Writes to standard output at once, past stdio. False when writing is over: nobody reads any more, which is no error
/// (`| head` does that) where SIGPIPE is ignored, or the user has pressed Ctrl-C. Throws output_error.
bool write_standard_output(std::string_view bytes);

}  // namespace samebits::cli
