#include "cli/command.hpp"

#include <csignal>
#include <cstdio>

#include "cli/json.hpp"
#include "samebits/version.hpp"

namespace samebits::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

}  // namespace

void compute_options::add_to(CLI::App& app) {
  app.add_option("--backend", backend, "cpu, cuda or the name of a plug-in (default: the best available)");
  app.add_option("--isa", isa, "CPU instruction set: scalar, avx2 or avx512 (default: the best available)");
  app.add_option("--threads", n_threads, "CPU threads, 0 for all (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
}

nlohmann::ordered_json json_header() {
  return {{"version", SAMEBITS_VERSION}, {"numerics", SAMEBITS_NUMERICS_VERSION}};
}

void print_json(const nlohmann::ordered_json& value) { std::printf("%s\n", to_json(value).c_str()); }

bool interrupted() { return interrupt_seen != 0; }

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupt_seen = 1; };
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace samebits::cli
