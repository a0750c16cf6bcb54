// Work memory of the CPU backend, out of line so that code built for one instruction set shares no inline functions.
#pragma once

#include <cstddef>

namespace samebits::cpu {

/// An array of doubles that starts at a multiple of 64 bytes, not initialised. Empty until allocate() succeeds.
class buffer {
 public:
  buffer();
  ~buffer();
  buffer(const buffer&) = delete;
  buffer& operator=(const buffer&) = delete;

  /// Makes room for n doubles; keeps what it has when that is enough. False when memory runs out.
  bool allocate(std::size_t n);
  /// Gives the memory back.
  void release();
  double* data() const;

 private:
  double* data_;
  std::size_t size_;
};

}  // namespace samebits::cpu
