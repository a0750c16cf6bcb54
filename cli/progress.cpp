#include "cli/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace samebits::cli {

progress::progress() : on_terminal_(isatty(STDERR_FILENO) == 1), next_(clock::now() + std::chrono::seconds(1)) {}

progress::~progress() {
  if (shown_) {
    std::fputs("\r\x1b[K", stderr);
  }
}

void progress::show(double share, const std::string& what) {
  if (!on_terminal_ || clock::now() < next_) {
    return;
  }
  next_ = clock::now() + std::chrono::milliseconds(100);
  shown_ = true;
  constexpr int width = 30;
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  const std::string bar =
      std::string(static_cast<std::size_t>(filled), '#') + std::string(static_cast<std::size_t>(width - filled), '.');
  std::fprintf(stderr, "\r[%s] %3.0f %%  %s\x1b[K", bar.c_str(), 100 * std::clamp(share, 0.0, 1.0), what.c_str());
  std::fflush(stderr);
}

}  // namespace samebits::cli
