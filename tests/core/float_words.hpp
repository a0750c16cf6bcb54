// The float functions of one word, for every instruction set: tests/core/float_exhaustive.cpp.
#pragma once

#include <cstdint>

namespace samebits::core {

/// Functions whose sample is made of one 32-bit word.
inline constexpr const char* float_functions[] = {
    "uniform",  "uniform_positive", "uniform_open", "uniform_curand", "exponential",    "cauchy",          "laplace",
    "logistic", "gumbel",           "weibull(2)",   "pareto(3)",      "direction sine", "direction cosine"};
inline constexpr int n_float_functions = static_cast<int>(sizeof float_functions / sizeof *float_functions);

// out[i] = function(first + i); n is a multiple of 16. One for each instruction set.
void float_samples_generic(int function, std::uint32_t first, int n, float* out);
void float_samples_avx2(int function, std::uint32_t first, int n, float* out);
void float_samples_avx512(int function, std::uint32_t first, int n, float* out);

}  // namespace samebits::core
