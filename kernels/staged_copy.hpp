// Arrays of the host that pass through two buffers on the device, piece after piece: while kernels work on one piece
// the next is on its way. What is here is the order alone; tests/kernels/staged_copy_test.cpp runs it on a model of the
// queues.
//
// A Lane is a queue of copies beside that of the work (kernels, and the ends of memory), and two buffers of the host
// that copies use by turns:
//
//   void start(void* to, const void* from, std::size_t bytes);  // asks for a copy; copies come one after the other
//   void mark_work(int turn);     // remembers the work asked for so far, under one of two numbers
//   void follow_work(int turn);   // copies asked for from now on begin when that work is done
//   void lead_work();             // work asked for from now on begins when the copies asked for so far are done
//   void mark_copy(int turn);     // remembers the copies asked for so far, under one of two numbers
//   void wait_copy(int turn);     // the host waits for them; not at all where none have been marked
//   void wait();                  // the host waits for all copies asked for so far
//   std::byte* buffer(int turn);  // of the host, buffer_bytes long; null where none was to be had
//
// Its destructor waits for all copies: whatever happens, none is under way after it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace samebits::kernels {

/// From the host to the device.
template <class Lane>
class staged_upload {
 public:
  /// The buffers are there for the work that is asked for from now on. `is_direct`: copies need no buffer of the host.
  staged_upload(void* first, void* second, bool is_direct)
      : is_direct_(is_direct || lane_.buffer(0) == nullptr),
        buffers_{static_cast<std::byte*>(first), static_cast<std::byte*>(second)} {
    lane_.mark_work(0);
    lane_.mark_work(1);
  }

  /// Where the bytes lie for the work that is asked for from now on until the next call. The host must leave its memory
  /// as it is until the end of this object.
  const void* bring(const void* from, std::size_t bytes) {
    lane_.mark_work(turn_);  // that on the piece before: all of it has been asked for
    turn_ = 1 - turn_;
    lane_.follow_work(turn_);
    if (is_direct_) {
      lane_.start(buffers_[turn_], from, bytes);
    } else {
      send(static_cast<const std::byte*>(from), bytes);
    }
    lane_.lead_work();
    return buffers_[turn_];
  }

 private:
  void send(const std::byte* from, std::size_t bytes) {
    for (std::size_t done = 0; done < bytes; done += Lane::buffer_bytes) {
      const std::size_t n = std::min(bytes - done, Lane::buffer_bytes);
      lane_.wait_copy(half_);  // the last one from there
      std::memcpy(lane_.buffer(half_), from + done, n);
      lane_.start(buffers_[turn_] + done, lane_.buffer(half_), n);
      lane_.mark_copy(half_);
      half_ = 1 - half_;
    }
  }

  Lane lane_;
  bool is_direct_;
  std::byte* buffers_[2];
  int turn_ = 0;
  int half_ = 0;  // of the host's buffers
};

/// From the device to the host.
template <class Lane>
class staged_download {
 public:
  staged_download(void* first, void* second, bool is_direct)
      : is_direct_(is_direct || lane_.buffer(0) == nullptr),
        buffers_{static_cast<std::byte*>(first), static_cast<std::byte*>(second)} {}

  /// Calls make(buffer), which asks for the work that makes the bytes, and meanwhile fetches those of the call before.
  template <class Make>
  void take(void* to, std::size_t bytes, const Make& make) {
    make(static_cast<void*>(buffers_[turn_]));  // which is free: the host has seen the end of its last copy
    lane_.mark_work(turn_);
    finish();
    to_ = static_cast<std::byte*>(to);
    bytes_ = bytes;
    turn_ = 1 - turn_;
  }

  /// Fetches what is still missing.
  void finish() {
    if (bytes_ > 0) {
      lane_.follow_work(1 - turn_);
      fetch(buffers_[1 - turn_]);
      bytes_ = 0;
    }
  }

 private:
  void fetch(const std::byte* from) {
    if (is_direct_) {
      lane_.start(to_, from, bytes_);
      lane_.wait();
      return;
    }
    const std::size_t n_parts = (bytes_ - 1) / Lane::buffer_bytes + 1;
    for (std::size_t part = 0; part < n_parts; ++part) {
      const int half = static_cast<int>(part % 2);
      lane_.start(lane_.buffer(half), from + part * Lane::buffer_bytes, size_of(part));
      lane_.mark_copy(half);
      if (part > 0) {
        put(part - 1);
      }
    }
    put(n_parts - 1);
  }

  std::size_t size_of(std::size_t part) const {
    return std::min(bytes_ - part * Lane::buffer_bytes, Lane::buffer_bytes);
  }

  void put(std::size_t part) {
    const int half = static_cast<int>(part % 2);
    lane_.wait_copy(half);
    std::memcpy(to_ + part * Lane::buffer_bytes, lane_.buffer(half), size_of(part));
  }

  Lane lane_;
  bool is_direct_;
  std::byte* buffers_[2];
  int turn_ = 0;
  std::byte* to_ = nullptr;  // of the last call
  std::size_t bytes_ = 0;    // of the last call; 0: nothing is missing
};

}  // namespace samebits::kernels
