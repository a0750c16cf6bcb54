// Writing results: a file is there in full or it is as it was.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace samebits::cli {

/// A result cannot be written: the command exits with 1.
class output_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file written piece by piece, all or nothing. A new or regular file is first written beside its place and then
/// renamed over it; without finish() an earlier file stays as it was. It keeps the mode of an earlier file and follows
/// symbolic links. Anything else (a device, a FIFO, /dev/stdout) is written to directly. All throw output_error.
class output_file {
 public:
  explicit output_file(const std::string& path);
  ~output_file();
  output_file(const output_file&) = delete;
  output_file& operator=(const output_file&) = delete;

  void write(std::string_view bytes);
  void finish();

 private:
  class target;
  std::string path_;
  std::unique_ptr<target> target_;
};

/// Writes `bytes` to `path` as one output_file.
void write_file(const std::string& path, std::string_view bytes);

/// Writes to standard output at once, past stdio. False when writing is over: nobody reads any more, which is no error
/// (`| head` does that) where SIGPIPE is ignored, or the user has pressed Ctrl-C. Throws output_error.
bool write_standard_output(std::string_view bytes);

}  // namespace samebits::cli
