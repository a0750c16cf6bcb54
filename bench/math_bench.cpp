// Throughput of the elementary functions on an array that stays in the first-level cache, beside the C library's.
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "cpu/pack.hpp"
#include "samebits/core/math.hpp"

namespace {

namespace core = samebits::core;
using core::store;  // for scalars; that of a pack is found beside its type

constexpr std::size_t count = 1024;

/// `count` numbers spread evenly over [low, high).
template <class T>
std::array<T, count> spread(T low, T high) {
  std::array<T, count> values;
  for (std::size_t i = 0; i < count; ++i) values[i] = low + (high - low) * (static_cast<T>(i) / static_cast<T>(count));
  return values;
}

void report(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(count));
}

/// Runs a pack function over the array: output = f(input).
template <class T, class Function>
void run_pack(benchmark::State& state, T low, T high, Function f) {
  using V = core::pack<T>;
  const std::array<T, count> input = spread(low, high);
  std::array<T, count> output;
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; i += core::value_traits<V>::width) {
      store(output.data() + i, f(core::load<V>(input.data() + i)));
    }
    benchmark::DoNotOptimize(output.data());
    benchmark::ClobberMemory();
  }
  report(state);
}

/// The same with a function of one number.
template <class T, class Function>
void run_scalar(benchmark::State& state, T low, T high, Function f) {
  const std::array<T, count> input = spread(low, high);
  std::array<T, count> output;
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) output[i] = f(input[i]);
    benchmark::DoNotOptimize(output.data());
    benchmark::ClobberMemory();
  }
  report(state);
}

template <class T>
void exp_pack(benchmark::State& state) {
  run_pack<T>(state, -80, 80, [](auto x) { return core::exp(x); });
}
template <class T>
void exp_nonpositive_pack(benchmark::State& state) {
  run_pack<T>(state, -80, 0, [](auto x) { return core::exp_nonpositive(x); });
}
template <class T>
void exp_std(benchmark::State& state) {
  run_scalar<T>(state, -80, 80, [](T x) { return std::exp(x); });
}
template <class T>
void log_pack(benchmark::State& state) {
  run_pack<T>(state, T(0.001), 100, [](auto x) { return core::log(x); });
}
template <class T>
void log_normal_pack(benchmark::State& state) {
  run_pack<T>(state, T(0.001), 100, [](auto x) { return core::log_normal(x); });
}
template <class T>
void log_std(benchmark::State& state) {
  run_scalar<T>(state, T(0.001), 100, [](T x) { return std::log(x); });
}
/// Their sum, so that both results are needed.
template <class T>
void sincospi_pack(benchmark::State& state) {
  run_pack<T>(state, 0, 2, [](auto x) {
    decltype(x) s, c;
    core::sincospi(x, s, c);
    return s + c;
  });
}
template <class T>
void sincos_std(benchmark::State& state) {
  run_scalar<T>(state, 0, 6, [](T x) { return std::sin(x) + std::cos(x); });
}

BENCHMARK(exp_pack<double>);
BENCHMARK(exp_nonpositive_pack<double>);
BENCHMARK(exp_std<double>);
BENCHMARK(log_pack<double>);
BENCHMARK(log_normal_pack<double>);
BENCHMARK(log_std<double>);
BENCHMARK(sincospi_pack<double>);
BENCHMARK(sincos_std<double>);
BENCHMARK(exp_pack<float>);
BENCHMARK(exp_nonpositive_pack<float>);
BENCHMARK(exp_std<float>);
BENCHMARK(log_pack<float>);
BENCHMARK(log_normal_pack<float>);
BENCHMARK(log_std<float>);
BENCHMARK(sincospi_pack<float>);
BENCHMARK(sincos_std<float>);

}  // namespace

BENCHMARK_MAIN();
