// NumPy in a process of its own, to measure it in turn with this one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace samebits::cli {

/// A Python that waits for work. Ends with this object.
class numpy_peer {
 public:
  /// Starts `python`. Without NumPy, or without Python, version() is empty.
  explicit numpy_peer(const std::string& python);
  ~numpy_peer();
  numpy_peer(const numpy_peer&) = delete;
  numpy_peer& operator=(const numpy_peer&) = delete;

  /// Of NumPy.
  const std::string& version() const { return version_; }

  /// Seconds of n_calls calls of a Python expression, in which g is a Generator(Philox), n the number of samples and
  /// out an array of n numbers of that dtype. Throws error if Python fails.
  double seconds_of(const std::string& expression, const std::string& dtype, std::uint64_t n, std::uint64_t n_calls);

 private:
  void say(const std::string& line) const;
  std::string listen() const;

  int socket_ = -1;
  pid_t process_ = -1;
  std::string version_;
};

}  // namespace samebits::cli
