#include "cli/command.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <numeric>
#include <sstream>

#include "cli/json.hpp"
#include "samebits/seed.hpp"
#include "samebits/version.hpp"

namespace samebits::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

const char* const all_devices = "all";

/// The numbers of "0,2"; none where the text is something else.
std::vector<int> device_numbers(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), numbers.emplace_back());
    if (failure != std::errc() || end != word.data() + word.size() || numbers.back() < 0) {
      return {};
    }
  }
  return text.ends_with(',') ? std::vector<int>() : numbers;
}

std::string device_error(const std::string& text) {
  return text == all_devices || !device_numbers(text).empty()
             ? ""
             : "\"" + text + "\" is neither the number of a device, nor numbers with commas between them, nor \"all\"";
}

}  // namespace

void compute_options::add_to(CLI::App& app) {
  app.add_option("--backend", backend, "cpu, cuda or the name of a plug-in (default: the best available)");
  app.add_option("--isa", isa, "CPU instruction set: scalar, avx2 or avx512 (default: the best available)");
  app.add_option("--threads", n_threads, "CPU threads, 0 for all (results do not depend on it)")
      ->check(CLI::Range(0, 1024));
  app.add_option("--device", device, "which GPU, counted from 0, or which ones share the work: 0,1 or all (default: 0)")
      ->type_name("N,...")
      ->check(device_error);
}

samebits::context compute_options::on(const std::string& backend_there, const std::string& isa_there,
                                      int n_threads_there) const {
  context_options options{backend_there, isa_there, n_threads_there};
  if (backend_there == "cpu" && backend != "cpu" && isa.empty()) {
    return samebits::context(options);
  }
  if (device == all_devices) {
    options.devices.resize(static_cast<std::size_t>(samebits::context(options).available_devices()));
    std::iota(options.devices.begin(), options.devices.end(), 0);
  } else {
    options.devices = device_numbers(device);
  }
  return samebits::context(options);
}

nlohmann::ordered_json json_header() {
  return {{"version", SAMEBITS_VERSION}, {"numerics", SAMEBITS_NUMERICS_VERSION}};
}

nlohmann::ordered_json json_header(const samebits::context& ctx) {
  nlohmann::ordered_json header = json_header();
  header["backend"] = ctx.backend();
  header["isa"] = ctx.isa();
  header["threads"] = ctx.n_threads();
  if (std::string(ctx.backend()) != "cpu") {
    header["devices"] = ctx.devices();
  }
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
