// The clock of gpu_bench.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "gpu_bench.hpp"

namespace samebits::bench {
namespace {

constexpr double seconds_of_a_batch = 0.02;
constexpr double most_seconds = 4;  // of all repeats of one contender

double seconds_of(const contender& c, std::int64_t n, const std::function<void()>& wait) {
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < n; ++i) {
    c.run();
  }
  wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / static_cast<double>(n);
}

int repeats_of(double seconds, int repeat) {
  return std::clamp(static_cast<int>(most_seconds / std::max(seconds, 1e-9)), 1, repeat);
}

/// The first run does what is done once; the second says how long one takes. A contender that fails is out.
int warm_up(contender& c, int repeat, const std::function<void()>& wait) {
  try {
    c.run();
    wait();
    const double once = seconds_of(c, 1, wait);
    c.batch = std::clamp<std::int64_t>(std::llround(seconds_of_a_batch / std::max(once, 1e-9)), 1, 1000);
    return repeats_of(once, repeat);
  } catch (const std::exception& e) {
    c.note = e.what();
    return 0;
  }
}

}  // namespace

double best(const std::vector<double>& seconds) { return *std::min_element(seconds.begin(), seconds.end()); }

double median(std::vector<double> seconds) {
  std::sort(seconds.begin(), seconds.end());
  const std::size_t half = seconds.size() / 2;
  return seconds.size() % 2 == 1 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
}

void measure_in_turn(std::vector<contender>& contenders, int repeat, const std::function<void()>& wait) {
  std::vector<int> repeats;
  for (contender& c : contenders) {
    repeats.push_back(c.note.empty() ? warm_up(c, repeat, wait) : 0);
  }
  for (int round = 0; round < repeat; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (round < repeats[i]) {
        contenders[i].seconds.push_back(seconds_of(contenders[i], contenders[i].batch, wait));
      }
    }
  }
}

}  // namespace samebits::bench
