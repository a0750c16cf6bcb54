#include "cli/command.hpp"

#include <csignal>
#include <cstdio>

#include "cli/json.hpp"
#include "samebits/seed.hpp"
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

nlohmann::ordered_json json_header(const samebits::context& ctx) {
  nlohmann::ordered_json header = json_header();
  header["backend"] = ctx.backend();
  header["isa"] = ctx.isa();
  header["threads"] = ctx.n_threads();
  return header;
}

nlohmann::ordered_json json_rows(const double* values, std::int64_t n_rows, std::int64_t n_cols) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < n_rows; ++i) {
    rows.push_back(std::vector<double>(values + i * n_cols, values + (i + 1) * n_cols));
  }
  return rows;
}

void stream_options::add_to(CLI::App& app) {
  app.add_option("--seed", seed,
                 "digits, 0x and hexadecimal digits, \"entropy\" for a new one, or any other text to make one of")
      ->type_name("SEED")
      ->capture_default_str();
  app.add_option("--task", task, "index of this task among those that share the seed")
      ->type_name("N")
      ->capture_default_str();
}

stream_id stream_options::stream() const { return {seed_of(seed), task}; }

std::uint64_t seed_of(const std::string& text) {
  const samebits::seed seed = samebits::seed::parse(text);
  if (text == "entropy") {
    std::fprintf(stderr, "samebits: the seed is %s\n", seed.origin().c_str());
  }
  return seed.value();
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
