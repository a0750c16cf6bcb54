// Runs the backend tests, with the plug-ins of the build tree that this program lies in.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support.hpp"

/// ThreadSanitizer ends a child forked from a process with threads, unless it is asked not to.
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options() { return "die_after_fork=0"; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  ::setenv("SAMEBITS_PLUGIN_DIR", samebits::tests::test_plugins().c_str(), 0);
  return RUN_ALL_TESTS();
}
