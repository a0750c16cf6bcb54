// The samebits command.
#include <cstdio>
#include <exception>
#include <new>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "cli/table.hpp"
#include "samebits/error.hpp"
#include "samebits/version.hpp"

namespace {

using namespace samebits::cli;

int fail(int code, const char* message) {
  std::fprintf(stderr, "samebits: %s\n", message);
  return code;
}

int code_of(const samebits::error& e) {
  switch (e.status()) {
    case SAMEBITS_INVALID_ARGUMENT: return exit_bad_usage;
    case SAMEBITS_BACKEND_UNAVAILABLE: return exit_no_backend;
    default: return exit_failed;
  }
}

int run(int argc, char** argv) {
  CLI::App app(
      "samebits: the same bits on every CPU instruction set, thread count and GPU.\n"
      "Exit codes: 0 done, 1 failed or different, 2 bad usage or bad input, 3 backend not available.");
  app.name("samebits");
  app.set_version_flag("--version", "samebits " SAMEBITS_VERSION);
  app.require_subcommand(1);
  int result = exit_done;
  add_info(app, result);
  add_fit(app, result);
  add_select(app, result);
  add_predict(app, result);
  add_score(app, result);
  add_sample(app, result);
  add_summarize(app, result);
  add_pairwise(app, result);
  add_two_sample(app, result);
  add_bench(app, result);
  add_check(app, result);
  add_random(app, result);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_done : exit_bad_usage;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  catch_interrupts();
  try {
    const int result = run(argc, argv);
    // What was printed must have arrived: a full disk shows up here.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return fail(exit_failed, "cannot write to standard output");
    }
    return result;
  } catch (const input_error& e) {
    return fail(exit_bad_usage, e.what());
  } catch (const output_error& e) {
    return fail(exit_failed, e.what());
  } catch (const samebits::error& e) {
    return fail(code_of(e), e.what());
  } catch (const std::bad_alloc&) {
    return fail(exit_failed, "out of memory");
  } catch (const std::exception& e) {
    return fail(exit_failed, e.what());
  }
}
