// 64-bit draws of a stream by their number.
#pragma once

#include <cstdint>

#include "samebits/core/philox.hpp"

namespace samebits::kernels {

/// Draw n is draw first_draw + n of stream (seed, task).
struct draw_stream {
  std::uint64_t seed;
  std::uint64_t task;
  std::uint64_t first_draw;

  SAMEBITS_HD std::uint64_t operator()(std::int64_t n) const {
    const std::uint64_t draw = first_draw + static_cast<std::uint64_t>(n);
    std::uint64_t draws[2];
    core::philox_draws(seed, task, draw / 2, draws);
    return draw % 2 == 0 ? draws[0] : draws[1];
  }
};

}  // namespace samebits::kernels
