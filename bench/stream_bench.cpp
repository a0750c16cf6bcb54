// Bulk fills and permutations on one CPU thread, beside cuRAND's host generator (the same Philox4x32-10) where it is
// installed and beside the standard library.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "samebits/permutation.hpp"
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

// ---- permutations --------------------------------------------------------------------------------------------------

/// The numbers 0 .. n - 1 in the order that shuffle(numbers) makes.
template <class Shuffle>
void shuffle_numbers(benchmark::State& state, const Shuffle& shuffle) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
    shuffle(numbers);
    benchmark::DoNotOptimize(numbers.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void samebits_permutation(benchmark::State& state) {
  shuffle_numbers(state, [](std::vector<std::int64_t>& numbers) { samebits::shuffle(stream, numbers); });
}

/// The same steps, without fetching the places of later ones.
void steps_in_order(benchmark::State& state) {
  shuffle_numbers(state, [](std::vector<std::int64_t>& numbers) {
    const std::uint64_t n = numbers.size();
    samebits::core::for_shuffle_steps(
        stream.seed, stream.task, n, n, [](std::uint64_t) {},
        [&](std::uint64_t i, std::uint64_t j) { std::swap(numbers[i], numbers[j]); });
  });
}

void standard_shuffle(benchmark::State& state) {
  std::mt19937_64 generator(1);
  shuffle_numbers(state, [&](std::vector<std::int64_t>& numbers) { std::ranges::shuffle(numbers, generator); });
}

constexpr std::int64_t few = 1000;
constexpr std::int64_t many = 100'000'000;
BENCHMARK(samebits_permutation)->Name("samebits/permutation")->Arg(few)->Arg(1'000'000)->Arg(10'000'000)->Arg(many);
BENCHMARK(steps_in_order)
    ->Name("without fetching ahead/permutation")
    ->Arg(few)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Arg(many);
BENCHMARK(standard_shuffle)->Name("std::shuffle/permutation")->Arg(few)->Arg(1'000'000)->Arg(10'000'000)->Arg(many);

}  // namespace
