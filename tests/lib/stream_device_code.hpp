// What the device code of samebits::stream does, compiled for the host.
#pragma once

#include <cstdint>

namespace samebits::tests {

struct device_stream_end {
  std::uint64_t draw;     // from a stream with one word left
  std::uint32_t after;    // the next word
  std::uint64_t block;    // the position then
  std::uint32_t word;     //
  bool before_exhausted;  // the flag at the last word, after the two draws, and back at the start of the stream
  bool exhausted;
  bool exhausted_for_good;
  std::uint32_t first_word;  // at the start of the stream again
};
device_stream_end device_code_draws_past_the_end(std::uint64_t seed, std::uint64_t task);

/// Whether a skip and a seek past the end exhaust the stream and leave it at its end.
bool device_code_skips_past_the_end();
bool device_code_seeks_past_the_end();

/// The name of the child called "noise".
void device_code_child(std::uint64_t& seed, std::uint64_t& task);

/// What element 10 of a bijection of 10, and fold 0 of 0, are where nothing can be thrown.
std::uint64_t device_code_element_out_of_range();
std::int64_t device_code_fold_of_none();

}  // namespace samebits::tests
