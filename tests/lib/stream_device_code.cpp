#include "tests/lib/stream_device_code.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

// The branches for device code, in a namespace of their own beside those for the host.
#define __CUDA_ARCH__ 900
#define samebits samebits_device_code
#include "samebits/bijection.hpp"
#include "samebits/split.hpp"
#include "samebits/stream.hpp"
#undef samebits

namespace samebits::tests {
namespace {

using samebits_device_code::stream;
using samebits_device_code::stream_position;

constexpr std::uint64_t last_block = ~std::uint64_t{0};

bool is_at_the_end(const stream& s) { return s.position() == stream_position{last_block, 4}; }

}  // namespace

device_stream_end device_code_draws_past_the_end(std::uint64_t seed, std::uint64_t task) {
  stream s(seed, task);
  device_stream_end end{};
  s.seek({last_block, 3});
  end.before_exhausted = s.exhausted();
  end.draw = s.next_u64();
  end.after = s.next_u32();
  end.block = s.position().block;
  end.word = s.position().word;
  end.exhausted = s.exhausted();
  s.seek({0, 0});
  end.first_word = s.next_u32();
  end.exhausted_for_good = s.exhausted();
  return end;
}

bool device_code_skips_past_the_end() {
  stream s(1, 2);
  s.seek({last_block, 0});
  s.skip(4);
  if (s.exhausted() || !is_at_the_end(s)) {
    return false;
  }
  s.skip(1);
  return s.exhausted() && is_at_the_end(s);
}

bool device_code_seeks_past_the_end() {
  stream s(1, 2);
  s.seek({last_block, 5});
  return s.exhausted() && is_at_the_end(s);
}

void device_code_child(std::uint64_t& seed, std::uint64_t& task) {
  const samebits_device_code::stream_id child = stream(seed, task).child("noise");
  seed = child.seed;
  task = child.task;
}

std::uint64_t device_code_element_out_of_range() { return samebits_device_code::bijection({1, 2}, 10)[10]; }
std::int64_t device_code_fold_of_none() { return samebits_device_code::keyed_fold({1, 2}, 3, 0); }

}  // namespace samebits::tests
