// Writing a file: it is there in full, or what was there before is as it was.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace samebits {

/// A file written piece by piece, all or nothing. A new or regular file is first written beside its place and then
/// renamed over it; without finish() an earlier file stays as it was. It keeps the mode of an earlier file and follows
/// symbolic links. Anything else (a device, a FIFO, /dev/stdout) is written to directly. All throw std::system_error.
class replacing_file {
 public:
  /// @param stop  asked while a write cannot go on, as on a FIFO that nobody reads; true ends it with EINTR
  explicit replacing_file(const std::string& path, bool (*stop)() = nullptr);
  ~replacing_file();
  replacing_file(const replacing_file&) = delete;
  replacing_file& operator=(const replacing_file&) = delete;

  void write(std::string_view bytes);
  void finish();

 private:
  class target;
  std::unique_ptr<target> target_;
};

}  // namespace samebits
