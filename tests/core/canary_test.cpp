// The canaries pass here, and each one fails when its rule is broken; the guard of the floating-point environment.
#include "samebits/core/canary.hpp"

#include <gtest/gtest.h>

#include "lib/fp_environment.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

using core::canary_inputs;

/// Inputs whose values the compiler does not know.
canary_inputs hidden_inputs() {
  canary_inputs inputs;
  asm volatile("" : : "r"(&inputs) : "memory");
  return inputs;
}

/// What the canaries tell in this mode. The compiler must compute neither before nor after the mode is set.
unsigned failures_in_mode(std::uint64_t bits) {
  const canary_inputs inputs = hidden_inputs();
  const fp_mode mode(bits);
  asm volatile("" : : "r"(&inputs) : "memory");
  unsigned failures = core::canary_failures(inputs);
  asm volatile("" : "+r"(failures) : : "memory");
  return failures;
}

TEST(canaries, pass_in_the_default_mode) { EXPECT_EQ(failures_in_mode(0), 0u); }

TEST(canaries, find_subnormal_numbers_flushed_to_zero) {
  EXPECT_EQ(failures_in_mode(flush_to_zero), core::canary_subnormal);
}

#if defined(__SSE2__)
TEST(canaries, find_results_flushed_to_zero_and_operands_read_as_zero_each_alone) {
  EXPECT_EQ(failures_in_mode(0x8000), core::canary_subnormal) << "FTZ";
  EXPECT_EQ(failures_in_mode(0x0040), core::canary_subnormal) << "DAZ";
}
#endif

TEST(canaries, find_every_other_rounding_mode) {
  constexpr std::uint64_t downward = round_upward == 0x4000 ? 0x2000 : round_upward << 1;
  constexpr std::uint64_t toward_zero = round_upward | downward;

  for (const std::uint64_t mode : {round_upward, downward, toward_zero}) {
    EXPECT_TRUE(failures_in_mode(mode) & core::canary_rounding) << mode;
  }
}

// What cannot be switched on at run time is played by other expected values: those that broken operations would give.

TEST(canaries, find_contraction) {
  canary_inputs inputs = hidden_inputs();
  inputs.in_double.a_squared -= 0x1p-52;  // a*a - a_squared is then not 0, as with a fused multiply-add

  EXPECT_TRUE(core::canary_failures(inputs) & core::canary_contraction);
}

TEST(canaries, find_an_fma_that_rounds_twice) {
  canary_inputs inputs = hidden_inputs();
  inputs.in_double.lost = 0;

  EXPECT_EQ(core::canary_failures(inputs), core::canary_fma);
}

TEST(canaries, find_a_wrong_last_bit_of_a_quotient_or_root) {
  canary_inputs quotient = hidden_inputs();
  quotient.in_double.third += 0x1p-54;
  canary_inputs root = hidden_inputs();
  root.in_double.root_of_three += 0x1p-52;

  EXPECT_EQ(core::canary_failures(quotient), core::canary_division);
  EXPECT_EQ(core::canary_failures(root), core::canary_division);
}

TEST(canaries, look_at_single_precision_too) {
  canary_inputs inputs = hidden_inputs();
  inputs.in_float.third += 0x1p-25f;

  EXPECT_EQ(core::canary_failures(inputs), core::canary_division);
}

TEST(canaries, have_a_message_for_each) {
  std::vector<std::string> messages;
  for (const unsigned canary : {core::canary_contraction, core::canary_fma, core::canary_subnormal,
                                core::canary_rounding, core::canary_division}) {
    messages.push_back(core::canary_message(canary));
  }

  EXPECT_EQ(messages, (std::vector<std::string>{
                          "contraction canary failed: built with fused multiply-add",
                          "fused multiply-add canary failed: fma rounds twice",
                          "subnormal canary failed: subnormal numbers are flushed to zero",
                          "rounding canary failed: rounding is not to nearest",
                          "division canary failed: division or square root is not correctly rounded",
                      }));
  EXPECT_STREQ(core::canary_message(0), "");
}

// ---- the guard ---------------------------------------------------------------------------------------------------

TEST(default_fp_environment, is_the_default_inside_and_the_callers_outside) {
  const std::uint64_t usual = fp_control();
  const fp_mode hostile(flush_to_zero | round_upward);
  const std::uint64_t before = fp_control();
  std::uint64_t inside = 0;

  {
    const default_fp_environment environment;
    inside = fp_control();
  }

  EXPECT_NE(before, usual);
  EXPECT_EQ(inside, usual);
  EXPECT_EQ(fp_control(), before);
}

TEST(default_fp_environment, makes_the_canaries_pass) {
  const fp_mode hostile(flush_to_zero | round_upward);
  const default_fp_environment environment;

  EXPECT_EQ(core::canary_failures(hidden_inputs()), 0u);
}

TEST(default_fp_environment, nests) {
  const std::uint64_t usual = fp_control();
  std::uint64_t inner = 0;

  {
    const default_fp_environment outer_environment;
    set_fp_control(fp_control() | round_upward);
    {
      const default_fp_environment inner_environment;
      inner = fp_control();
    }
    EXPECT_EQ(fp_control(), usual | round_upward);
  }

  EXPECT_EQ(inner, usual);
  EXPECT_EQ(fp_control(), usual);
}

}  // namespace
}  // namespace samebits::tests
