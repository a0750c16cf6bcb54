// What a process may do around samebits without changing a bit: floating-point modes, threads, fork. On every backend.
#include <dlfcn.h>
#include <omp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "samebits/digest.hpp"
#include "samebits/gmm_file.hpp"
#include "samebits/gmm_model.hpp"
#include "samebits/math.hpp"
#include "tests/backends/backend_test.hpp"

namespace samebits::tests {
namespace {

/// Fills, functions, a fit and what is done with it, large enough for several threads. What goes in is made at the
/// start.
class everything {
 public:
  explicit everything(const context& ctx, std::int64_t n_rows = 2'500) : x_(blobs(ctx, n_rows, 2, 3)), subnormal_(203) {
    for (std::size_t i = 0; i < subnormal_.size(); ++i) {
      subnormal_[i] = static_cast<double>(i + 1) * 0x1p-1070;
    }
  }

  std::string digest(
      const context& ctx, const std::function<void()>& in_callback = [] {}) const {
    matrix made(300, 2);
    make_blobs(ctx, {1, 2}, 3, made.view());
    std::vector<double> logs(subnormal_.size());
    log(ctx, subnormal_, logs);
    gmm_options options;
    options.n_components = 3;
    options.n_init = 2;
    options.max_iter = 6;
    std::vector<double> log_likelihoods;
    options.callback = [&](const gmm_iteration& i) {
      log_likelihoods.push_back(i.log_likelihood);
      in_callback();
      return true;
    };
    const gmm_model model = gmm_fit(ctx, x_.view(), options);
    return digest_text(made.values) + digest_text(logs) + digest_text(log_likelihoods) + digest_of(ctx, model);
  }

 private:
  /// The file of a model and other models from it. Reading the file compares its digest.
  std::string digest_of(const context& ctx, const gmm_model& model) const {
    gmm_require_valid(model);
    const std::string file = gmm_to_json(model);
    const gmm_model conditional = gmm_conditional(gmm_from_json(file), columns_, values_);
    gmm_options options;
    options.max_iter = 2;
    const gmm_selection selection = gmm_select(ctx, x_.view(), types_, numbers_, options);
    const double entropy = gmm_merge(ctx, model, x_.view()).entropy;
    return file + gmm_digest(conditional) + gmm_digest(selection.model) + digest_text(std::vector{entropy});
  }

  const std::vector<std::int64_t> columns_ = {1};
  const std::vector<double> values_ = {0.3};
  const std::vector<covariance_type> types_ = {covariance_type::diag, covariance_type::tied};
  const std::vector<std::int64_t> numbers_ = {2};
  matrix x_;
  std::vector<double> subnormal_;
};

std::string digest_of_everything(const context& ctx) { return everything(ctx).digest(ctx); }

// ---- floating-point modes ----------------------------------------------------------------------------------------

using hostile_mode = backend_test;
SAMEBITS_ON_EVERY_BACKEND(hostile_mode);

TEST_P(hostile_mode, is_really_hostile) {
  volatile double one = 1;
  volatile double tiny = 0x1p-1022;
  const fp_mode hostile(flush_to_zero | round_upward);

  EXPECT_GT(one + 0x1p-60, 1);
  EXPECT_EQ(tiny * 0.5, 0);
}

TEST_P(hostile_mode, of_the_caller_changes_no_bit) {
  const everything all(ctx());
  const std::string expected = all.digest(ctx());

  for (const std::uint64_t bits : {flush_to_zero, round_upward, flush_to_zero | round_upward}) {
    const fp_mode hostile(bits);

    EXPECT_EQ(all.digest(ctx()), expected) << bits;
  }
}

TEST_P(hostile_mode, of_the_caller_is_given_back) {
  const everything all(ctx());
  const fp_mode hostile(flush_to_zero | round_upward);
  const std::uint64_t before = fp_control();

  all.digest(ctx());

  EXPECT_EQ(fp_control(), before);
}

TEST_P(hostile_mode, set_when_the_context_is_made_changes_no_bit) {
  const everything all(ctx());
  const std::string expected = all.digest(ctx());
  const fp_mode hostile(flush_to_zero | round_upward);

  const context made_here = on_threads(2);

  EXPECT_EQ(all.digest(made_here), expected);
}

TEST_P(hostile_mode, set_by_the_callback_changes_no_bit) {
  const everything all(ctx());
  const std::string expected = all.digest(ctx());
  const fp_mode restored_at_the_end(0);

  EXPECT_EQ(all.digest(ctx(), [] { set_fp_control(fp_control() | flush_to_zero | round_upward); }), expected);
}

TEST_P(hostile_mode, of_an_object_built_with_fast_math_changes_no_bit) {
  const everything all(ctx());
  const std::string expected = all.digest(ctx());
  const fp_mode restored_at_the_end(0);
  const std::uint64_t before = fp_control();

  void* const object = ::dlopen((test_plugins() / "fast_math_object.so").c_str(), RTLD_NOW);

  ASSERT_NE(object, nullptr) << ::dlerror();
  EXPECT_NE(fp_control(), before) << "the object must have changed the mode";
  EXPECT_EQ(all.digest(ctx()), expected);
  ::dlclose(object);
}

TEST_P(hostile_mode, inherited_by_a_new_thread_changes_no_bit) {
  const everything all(ctx());
  const std::string expected = all.digest(ctx());
  const fp_mode hostile(flush_to_zero | round_upward);
  std::string digest;

  std::thread([&] { digest = all.digest(ctx()); }).join();

  EXPECT_EQ(digest, expected);
}

/// The modes that two threads of OpenMP find themselves in.
std::array<std::uint64_t, 2> openmp_modes() {
  std::array<std::uint64_t, 2> modes;
#pragma omp parallel num_threads(2)
  modes[static_cast<std::size_t>(omp_get_thread_num())] = fp_control();
  return modes;
}

// Some OpenMP runtimes keep the mode of each thread, others set it anew for each region; either may be found
// afterwards.
TEST_P(hostile_mode, of_the_threads_of_openmp_changes_no_bit_and_is_given_back) {
#if defined(SAMEBITS_TEST_TSAN)
  GTEST_SKIP() << "ThreadSanitizer takes the parallel regions of the test for races";
#endif
  const everything all(ctx(), is_emulated() ? 2'500 : 50'000);  // enough for each thread to get some
  const std::string expected = all.digest(ctx());
  const fp_mode restored_at_the_end(0);
#pragma omp parallel num_threads(2)
  set_fp_control(fp_control() | flush_to_zero | round_upward);
  const std::array<std::uint64_t, 2> before = openmp_modes();

  const std::string digest = all.digest(ctx());

  const std::array<std::uint64_t, 2> after = openmp_modes();
#pragma omp parallel num_threads(2)
  set_fp_control(fp_control() & ~(flush_to_zero | round_upward));
  EXPECT_EQ(digest, expected);
  EXPECT_EQ(after, before);
}

// ---- threads -----------------------------------------------------------------------------------------------------

using host_threads = backend_test;
SAMEBITS_ON_EVERY_BACKEND(host_threads);

TEST_P(host_threads, with_a_context_each_compute_what_one_computes) {
  const std::string expected = digest_of_everything(ctx());
  std::string digests[2];

  std::thread first([&] { digests[0] = digest_of_everything(on_threads(2)); });
  std::thread second([&] { digests[1] = digest_of_everything(on_threads(3)); });
  first.join();
  second.join();

  EXPECT_EQ(digests[0], expected);
  EXPECT_EQ(digests[1], expected);
}

TEST_P(host_threads, may_share_one_context) {
  const std::string expected = digest_of_everything(ctx());
  std::vector<std::string> digests(4);
  std::vector<std::thread> threads;

  for (std::string& digest : digests) {
    threads.emplace_back([&] { digest = digest_of_everything(ctx()); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }

  EXPECT_EQ(digests, std::vector(4, expected));
}

// ---- fork --------------------------------------------------------------------------------------------------------

// A process that has used a CUDA device cannot use it in a forked child; the driver forbids it.
using forked_child = backend_test;
SAMEBITS_ON_EVERY_BACKEND(forked_child);

/// Ends the child with 0 when it computes the digest, within a minute.
[[noreturn]] void compute_in_child(const context& ctx, const std::string& expected) {
  ::alarm(60);
  try {
    ::_exit(digest_of_everything(ctx) == expected ? 0 : 1);
  } catch (...) {
    ::_exit(2);
  }
}

TEST_P(forked_child, computes_the_same_bits_after_the_parent_has_used_threads) {
  if (std::string(GetParam()) == "cuda") {
    GTEST_SKIP() << "CUDA does not work in a forked child";
  }
  const context ctx = on_threads(4);
  const std::string expected = digest_of_everything(ctx);

  const pid_t child = ::fork();
  if (child == 0) {
    compute_in_child(ctx, expected);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(digest_of_everything(ctx), expected) << "in the parent, afterwards";
}

}  // namespace
}  // namespace samebits::tests
