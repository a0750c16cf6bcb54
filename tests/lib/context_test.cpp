// Which backend, instruction set and number of threads a context chooses.
#include "samebits/context.hpp"

#include <gtest/gtest.h>

#include "samebits/gmm.hpp"
#include "tests/support.hpp"

namespace samebits::tests {
namespace {

/// Nothing in the environment prefers anything.
class context_test : public testing::Test {
 private:
  environment_variable backend_ = environment_variable("SAMEBITS_BACKEND");
  environment_variable isa_ = environment_variable("SAMEBITS_ISA");
  environment_variable n_threads_ = environment_variable("SAMEBITS_NUM_THREADS");
  environment_variable plugin_folder_ = environment_variable("SAMEBITS_PLUGIN_DIR");
};

std::string isa_of(const context& ctx) { return ctx.isa(); }
std::string backend_of(const context& ctx) { return ctx.backend(); }

// ---- what is chosen ----------------------------------------------------------------------------------------------

TEST_F(context_test, runs_on_the_instruction_set_asked_for) {
  EXPECT_EQ(isa_of(context({"cpu", "scalar", 1})), "scalar");
  EXPECT_EQ(backend_of(context({"cpu", "scalar", 1})), "cpu");
}

TEST_F(context_test, takes_an_instruction_set_alone_for_the_cpu) {
  EXPECT_EQ(backend_of(context({"", "scalar", 1})), "cpu");
}

TEST_F(context_test, chooses_the_best_instruction_set) {
  std::string best;
  for (const backend_info& b : list_backends()) {
    if (b.backend == "cpu" && b.available) {
      best = b.isa;
    }
  }

  EXPECT_EQ(isa_of(context({"cpu", "", 1})), best);
}

TEST_F(context_test, takes_the_instruction_set_from_the_environment) {
  const environment_variable isa("SAMEBITS_ISA", "scalar");

  EXPECT_EQ(isa_of(context({"cpu", "", 1})), "scalar");
}

TEST_F(context_test, prefers_its_argument_to_the_environment) {
  const environment_variable isa("SAMEBITS_ISA", "nonsense");
  const environment_variable backend("SAMEBITS_BACKEND", "nonsense");
  const environment_variable n_threads("SAMEBITS_NUM_THREADS", "nonsense");

  const context ctx({"cpu", "scalar", 3});

  EXPECT_EQ(isa_of(ctx), "scalar");
  EXPECT_EQ(ctx.n_threads(), 3);
}

TEST_F(context_test, takes_the_backend_from_the_environment) {
  const environment_variable backend("SAMEBITS_BACKEND", "cpu");

  EXPECT_EQ(backend_of(context()), "cpu");
}

TEST_F(context_test, takes_a_plug_in_from_the_environment) {
  const environment_variable backend("SAMEBITS_BACKEND", "not-there-1");

  EXPECT_EQ(error_of<backend_unavailable>([] { context(); }),
            "context: backend not-there-1 is not available: no plug-in samebits_not-there-1.so is installed");
}

TEST_F(context_test, takes_the_number_of_threads_from_the_environment) {
  const environment_variable n_threads("SAMEBITS_NUM_THREADS", "3");

  EXPECT_EQ(context({"cpu", "", 0}).n_threads(), 3);
}

TEST_F(context_test, uses_all_threads_that_the_process_may_use) {
  const environment_variable omp_threads("OMP_NUM_THREADS");
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);

  EXPECT_EQ(context({"cpu", "", 0}).n_threads(), CPU_COUNT(&allowed));
}

TEST_F(context_test, takes_empty_variables_for_none) {
  const environment_variable isa("SAMEBITS_ISA", "");
  const environment_variable backend("SAMEBITS_BACKEND", "");
  const environment_variable n_threads("SAMEBITS_NUM_THREADS", "");

  EXPECT_NO_THROW(context());
}

TEST_F(context_test, copies_to_the_same_choice) {
  const context original({"cpu", "scalar", 3});

  const context copy = original;

  EXPECT_EQ(isa_of(copy), "scalar");
  EXPECT_EQ(copy.n_threads(), 3);
}

// ---- what is refused ---------------------------------------------------------------------------------------------

TEST_F(context_test, on_one_thread_has_the_same_backend) {
  const context three({"cpu", "scalar", 3});

  const context one = three.on_one_thread();

  EXPECT_STREQ(one.backend(), "cpu");
  EXPECT_STREQ(one.isa(), "scalar");
  EXPECT_EQ(one.n_threads(), 1);
  EXPECT_EQ(three.n_threads(), 3);
}

TEST_F(context_test, names_an_unknown_instruction_set) {
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "sse9", 1});
            }),
            "context: isa is \"sse9\" but must be scalar, avx2 or avx512");
}

TEST_F(context_test, names_an_unknown_instruction_set_of_the_environment) {
  const environment_variable isa("SAMEBITS_ISA", "AVX2");

  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "", 1});
            }),
            "context: isa is \"AVX2\" but must be scalar, avx2 or avx512");
}

TEST_F(context_test, names_a_backend_that_cannot_be_one) {
  for (const char* const name : {"../evil", "/tmp/x", "CPU", "a b", "x.so"}) {
    EXPECT_EQ(error_of<invalid_argument>([&] {
                context({name, "", 1});
              }),
              "context: backend is \"" + std::string(name) + "\" but must be cpu, cuda or the name of a plug-in");
  }
}

TEST_F(context_test, names_numbers_of_threads_out_of_range) {
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "", -1});
            }),
            "context: n_threads is -1 but must be 0 to 1024");
  EXPECT_EQ(error_of<invalid_argument>([] {
              context({"cpu", "", 1025});
            }),
            "context: n_threads is 1025 but must be 0 to 1024");
}

TEST_F(context_test, names_bad_numbers_of_threads_of_the_environment) {
  for (const char* const value : {"0", "-1", "1025", "two", "3x", " 3", "99999999999999999999"}) {
    const environment_variable n_threads("SAMEBITS_NUM_THREADS", value);

    EXPECT_EQ(error_of<invalid_argument>([] {
                context({"cpu", "", 0});
              }),
              "context: SAMEBITS_NUM_THREADS is \"" + std::string(value) + "\" but must be 1 to 1024");
  }
}

TEST_F(context_test, gives_the_reason_why_an_instruction_set_is_missing) {
  for (const backend_info& b : list_backends()) {
    if (b.backend == "cpu" && !b.available) {
      EXPECT_FALSE(b.reason.empty());
      EXPECT_EQ(error_of<backend_unavailable>([&] {
                  context({"cpu", b.isa, 1});
                }),
                "context: backend cpu with isa " + b.isa + " is not available: " + b.reason);
    }
  }
}

// ---- the list ----------------------------------------------------------------------------------------------------

TEST_F(context_test, list_has_a_reason_exactly_where_something_is_missing) {
  for (const backend_info& b : list_backends()) {
    EXPECT_EQ(b.available, b.reason.empty()) << b.backend << ' ' << b.isa;
  }
}

TEST_F(context_test, list_has_the_scalar_cpu_and_cuda) {
  const std::vector<backend_info> all = list_backends();
  const auto knows = [&](const std::string& backend, const std::string& isa) {
    return std::any_of(all.begin(), all.end(), [&](const backend_info& b) {
      return b.backend == backend && (isa.empty() || (b.isa == isa && b.available));
    });
  };

  EXPECT_TRUE(knows("cpu", "scalar"));
  EXPECT_TRUE(knows("cuda", ""));
}

TEST_F(context_test, list_has_only_what_a_context_can_be_made_of) {
  for (const backend_info& b : list_backends()) {
    if (b.available) {
      EXPECT_EQ(isa_of(context({b.backend, b.backend == "cpu" ? b.isa : "", 1})), b.isa);
    }
  }
}

// ---- plug-ins ----------------------------------------------------------------------------------------------------

// A plug-in once looked for is not looked for again, so every test has a name of its own.

std::string error_of_loading(const std::string& name) {
  return error_of<backend_unavailable>([&] { context({name, "", 1}); });
}

TEST_F(context_test, does_not_take_a_text_file_for_a_plug_in) {
  const temporary_folder folder;
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", folder.path().string());
  put_file("samebits_text-file.so", "hello\n");

  EXPECT_TRUE(
      error_of_loading("text-file").starts_with("context: backend text-file is not available: cannot be loaded: "))
      << error_of_loading("text-file");
}

TEST_F(context_test, does_not_take_another_shared_object_for_a_plug_in) {
  const temporary_folder folder;
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", folder.path().string());
  fs::copy_file(test_plugins() / "no_plugin.so", "samebits_no-plug-in.so");

  EXPECT_EQ(error_of_loading("no-plug-in"),
            "context: backend no-plug-in is not available: " + (folder.path() / "samebits_no-plug-in.so").string() +
                " is not a samebits plug-in");
}

TEST_F(context_test, does_not_take_a_plug_in_of_another_version) {
  const temporary_folder folder;
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", folder.path().string());
  fs::copy_file(test_plugins() / "old_plugin.so", "samebits_old.so");

  EXPECT_EQ(error_of_loading("old"),
            "context: backend old is not available: " + (folder.path() / "samebits_old.so").string() +
                " was built for another version of samebits");
}

TEST_F(context_test, ignores_a_relative_plug_in_folder) {
  const temporary_folder folder;
  const environment_variable plugins("SAMEBITS_PLUGIN_DIR", ".");
  put_file("samebits_relative.so", "hello\n");

  EXPECT_EQ(error_of_loading("relative"),
            "context: backend relative is not available: no plug-in samebits_relative.so is installed");
}

TEST_F(context_test, does_not_look_for_plug_ins_in_the_current_folder) {
  const temporary_folder folder;
  put_file("samebits_current.so", "hello\n");

  EXPECT_EQ(error_of_loading("current"),
            "context: backend current is not available: no plug-in samebits_current.so is installed");
}

TEST_F(context_test, goes_on_working_after_a_plug_in_failed) {
  error_of_loading("not-there-2");

  EXPECT_NO_THROW(context({"cpu", "", 1}));
}

// ---- the choice takes effect -------------------------------------------------------------------------------------

TEST_F(context_test, more_threads_than_cores_give_the_same_bits) {
  gmm_options options;
  options.n_components = 3;
  options.max_iter = 3;
  const context serial({"cpu", "", 1});
  const matrix x = blobs(serial, 20'000, 4, 3);
  const std::string expected = gmm_digest(gmm_fit(serial, x.view(), options));

  for (const int n_threads : {8, 64}) {
    EXPECT_EQ(gmm_digest(gmm_fit(context({"cpu", "", n_threads}), x.view(), options)), expected) << n_threads;
  }
}

}  // namespace
}  // namespace samebits::tests
