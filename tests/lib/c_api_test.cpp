// Runs the checks of c_api_test.c, and what C alone cannot test.
#include "tests/lib/c_api_test.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "samebits/gmm.hpp"
#include "samebits/samebits.h"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

std::string text_of(const char* failure) { return failure == nullptr ? "" : failure; }

#define SAMEBITS_TEST_OF_C_CHECK(name) \
  TEST(c_api, name) { EXPECT_EQ(text_of(::name()), ""); }
SAMEBITS_C_CHECKS(SAMEBITS_TEST_OF_C_CHECK)

TEST(c_api, keeps_the_last_error_of_each_thread_apart) {
  samebits_context_create(nullptr, nullptr);
  std::string in_new_thread = "not set";

  std::thread([&] { in_new_thread = samebits_last_error(); }).join();

  EXPECT_EQ(in_new_thread, "");
  EXPECT_STREQ(samebits_last_error(), "context_create: context is NULL");
}

TEST(c_api, gives_the_model_of_the_cpp_interface) {
  const context ctx({"cpu", "", 2});
  const matrix x = blobs(ctx, 400, 2, 3);
  gmm_options cpp;
  cpp.n_components = 3;
  cpp.seed = 5;
  cpp.task = 6;
  const gmm_model expected = gmm_fit(ctx, x.view(), cpp);
  samebits_gmm_options c;
  samebits_gmm_options_init(&c);
  c.n_components = 3;
  c.seed = 5;
  c.task = 6;
  samebits_context_options options;
  samebits_context_options_init(&options);
  options.backend = "cpu";
  samebits_context* c_context = nullptr;
  samebits_gmm_model* model = nullptr;
  ASSERT_EQ(samebits_context_create(&options, &c_context), SAMEBITS_OK);

  ASSERT_EQ(samebits_gmm_fit(c_context, x.values.data(), x.n_rows, x.n_cols, &c, &model), SAMEBITS_OK);

  EXPECT_EQ(samebits_gmm_model_digest(model), gmm_digest(expected));
  EXPECT_EQ(samebits_gmm_model_n_iter(model), expected.n_iter);
  EXPECT_EQ(samebits_gmm_model_log_likelihood(model), expected.log_likelihood);
  samebits_gmm_model_destroy(model);
  samebits_context_destroy(c_context);
}

}  // namespace
}  // namespace samebits::tests
