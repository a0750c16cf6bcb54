// What the parts of gpu_bench share: things to measure, the roofs they are held against, and the clock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "samebits/context.hpp"

namespace samebits::bench {

// ---- what is measured --------------------------------------------------------------------------------------------

/// What an operation must at least move and compute: an fma counts as two, everything else that computes as one.
struct work {
  double bytes_read = 0;
  double bytes_written = 0;
  double flop_double = 0;
  double flop_float = 0;
  double bytes_each_way = 0;  ///< copied to the device, and as many back
};

/// An operation made ready on one backend.
struct job {
  std::function<void()> run;            ///< asks for the work; on a GPU it may return before that is done
  std::function<std::string()> digest;  ///< of what the last run made
};

struct operation {
  std::string name;   ///< gpu_targets.json knows rows by it
  std::string shape;  ///< in words
  std::int64_t n;     ///< for peers: numbers, or rows of a square matrix
  work needs;
  std::function<job(const context&)> prepare;
};

/// Everything that is measured, in the sizes of the targets, or in sizes that also a slow backend does in a second.
std::vector<operation> operations(bool small);

// ---- the clock ---------------------------------------------------------------------------------------------------

/// One of several that do the same work.
struct contender {
  std::string name;
  std::function<void()> run;
  std::string note = {};             ///< why it cannot run: then it is not measured
  std::vector<double> seconds = {};  ///< of one run
  std::int64_t batch = 1;            ///< runs between two looks at the clock
};

double best(const std::vector<double>& seconds);
double median(std::vector<double> seconds);

/// Measures all of them in turn, `repeat` times, after a run each to warm up. What is short is run many times between
/// two looks at the clock, so that waiting for the device costs nothing; what is long is repeated less often.
void measure_in_turn(std::vector<contender>& contenders, int repeat, const std::function<void()>& wait);

// ---- the device: gpu_device.cuh, gpu_roofs.cu, gpu_peers.cu ------------------------------------------------------

/// Names and versions, and their values.
using facts = std::map<std::string, std::string>;
facts device_facts();
/// Of CUB and Thrust, as their headers have it.
std::string cccl_version();

/// Pinned memory of the host; ordinary memory where there is no device.
std::shared_ptr<double> pinned_memory(std::int64_t n);

/// Waits for everything that was asked of the device. Throws what went wrong.
void wait_for_device();

struct roof {
  std::string name;  ///< store, read, copy, double, float, ...
  std::string unit;
  double rate;  ///< units a second; for latencies seconds
};
std::vector<roof> measured_roofs();

/// Other people's programs for an operation, ready to run.
std::vector<contender> peers_of(const operation& o);

}  // namespace samebits::bench
