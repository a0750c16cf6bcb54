// One test body, every backend: a test written for this fixture runs once for each name of `backend_names`.
//
// A backend that cannot run here is skipped with its reason. The environment variable SAMEBITS_REQUIRE lists names,
// separated by commas, whose absence is a failure instead: SAMEBITS_REQUIRE=cuda on a machine with a GPU.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>

#include "tests/support.hpp"

namespace samebits::tests {

inline constexpr const char* backend_names[] = {"cpu-scalar", "cpu-avx2", "cpu-avx512", "cuda-emulated", "cuda"};

/// "cpu-avx2" is backend "cpu" with isa "avx2"; the other names are those of plug-ins.
inline context_options options_of(const std::string& name, int n_threads) {
  if (name.starts_with("cpu-")) {
    return {"cpu", name.substr(4), n_threads};
  }
  return {name, "", n_threads};
}

inline bool is_required(const std::string& name) {
  const char* const names = std::getenv("SAMEBITS_REQUIRE");
  std::istringstream list(names == nullptr ? "" : names);
  for (std::string required; std::getline(list, required, ',');) {
    if (required == name) {
      return true;
    }
  }
  return false;
}

class backend_test : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    try {
      context_ = on_threads(2);
    } catch (const backend_unavailable& e) {
      if (is_required(GetParam())) {
        FAIL() << "required, but " << e.what();
      }
      GTEST_SKIP() << e.what();
    }
  }

  /// Proves that the backend which ran is the one of the test's name.
  void TearDown() override {
    if (!context_) {
      return;
    }
    const context_options wanted = options_of(GetParam(), 2);
    EXPECT_EQ(context_->backend(), wanted.backend);
    if (!wanted.isa.empty()) {
      EXPECT_EQ(context_->isa(), wanted.isa);
    }
  }

  const context& ctx() const { return *context_; }
  context on_threads(int n_threads) const { return context(options_of(GetParam(), n_threads)); }

  /// True on the block emulator, which is too slow for many rows.
  bool is_emulated() const { return std::string(GetParam()).starts_with("cuda-emulated"); }

 private:
  std::optional<context> context_;
};

inline std::string backend_test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// Runs a fixture derived from backend_test on every backend.
#define SAMEBITS_ON_EVERY_BACKEND(fixture)                                                 \
  INSTANTIATE_TEST_SUITE_P(on, fixture, testing::ValuesIn(samebits::tests::backend_names), \
                           samebits::tests::backend_test_name)

}  // namespace samebits::tests
