// A progress bar on standard error, for people only: it shows on a terminal, after one second.
#pragma once

#include <chrono>
#include <string>

namespace samebits::cli {

class progress {
 public:
  progress();
  ~progress();  // clears the line
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Shows the share done, 0 to 1, and what is going on. Cheap to call often.
  void show(double share, const std::string& what);

 private:
  using clock = std::chrono::steady_clock;
  bool on_terminal_;
  bool shown_ = false;
  clock::time_point next_;
};

}  // namespace samebits::cli
