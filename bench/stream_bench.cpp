// Bulk fills on one CPU thread, beside cuRAND's host generator (the same Philox4x32-10) where it is installed and
// beside the standard library.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "samebits/random.hpp"

#if defined(SAMEBITS_HAVE_CURAND)
#include <curand.h>
#endif

namespace {

constexpr std::size_t n_elements = 1 << 20;
constexpr samebits::stream_id stream{1, 2};

template <class T>
void report(benchmark::State& state) {
  const auto n = static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(n_elements);
  state.SetItemsProcessed(n);
  state.SetBytesProcessed(n * static_cast<std::int64_t>(sizeof(T)));
}

template <class T, auto Fill>
void samebits_fill(benchmark::State& state) {
  const samebits::context ctx({"cpu", "", 1});
  std::vector<T> values(n_elements);
  for (auto _ : state) {
    Fill(ctx, stream, 0, values);
    benchmark::DoNotOptimize(values.data());
  }
  state.SetLabel(ctx.isa());
  report<T>(state);
}

BENCHMARK(samebits_fill<std::uint32_t, samebits::fill_words>)->Name("samebits/words");
BENCHMARK(samebits_fill<double, samebits::fill_uniform>)->Name("samebits/uniform");
BENCHMARK(samebits_fill<double, samebits::fill_normal>)->Name("samebits/normal");

#if defined(SAMEBITS_HAVE_CURAND)
template <class T, class Generate>
void curand_host(benchmark::State& state, Generate generate) {
  curandGenerator_t generator;
  if (curandCreateGeneratorHost(&generator, CURAND_RNG_PSEUDO_PHILOX4_32_10) != CURAND_STATUS_SUCCESS) {
    state.SkipWithError("cuRAND has no host generator here");
    return;
  }
  std::vector<T> values(n_elements);
  for (auto _ : state) {
    generate(generator, values.data());
    benchmark::DoNotOptimize(values.data());
  }
  curandDestroyGenerator(generator);
  report<T>(state);
}

void curand_words(benchmark::State& state) {
  curand_host<unsigned>(state, [](curandGenerator_t g, unsigned* out) { curandGenerate(g, out, n_elements); });
}
void curand_uniform(benchmark::State& state) {
  curand_host<double>(state, [](curandGenerator_t g, double* out) { curandGenerateUniformDouble(g, out, n_elements); });
}
void curand_normal(benchmark::State& state) {
  curand_host<double>(state,
                      [](curandGenerator_t g, double* out) { curandGenerateNormalDouble(g, out, n_elements, 0, 1); });
}
BENCHMARK(curand_words)->Name("cuRAND host/words");
BENCHMARK(curand_uniform)->Name("cuRAND host/uniform");
BENCHMARK(curand_normal)->Name("cuRAND host/normal");
#endif

template <class T, class Distribution>
void standard_library(benchmark::State& state) {
  std::mt19937_64 generator(1);
  Distribution distribution;
  std::vector<T> values(n_elements);
  for (auto _ : state) {
    for (T& value : values) {
      value = distribution(generator);
    }
    benchmark::DoNotOptimize(values.data());
  }
  report<T>(state);
}
BENCHMARK(standard_library<double, std::uniform_real_distribution<double>>)->Name("std::mt19937_64/uniform");
BENCHMARK(standard_library<double, std::normal_distribution<double>>)->Name("std::mt19937_64/normal");

}  // namespace
