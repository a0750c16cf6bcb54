// samebits info: what this build and machine can do.
#include <cstdio>
#include <vector>

#include "cli/command.hpp"
#include "samebits/version.hpp"

namespace samebits::cli {
namespace {

void print_table(const context& chosen, const std::vector<backend_info>& backends) {
  std::printf("samebits %s, numerics version %d\n\n", SAMEBITS_VERSION, SAMEBITS_NUMERICS_VERSION);
  std::printf("%-10s %-10s %s\n", "backend", "isa", "available");
  for (const backend_info& b : backends) {
    std::printf("%-10s %-10s %s%s\n", b.backend.c_str(), b.isa.empty() ? "-" : b.isa.c_str(),
                b.available ? "yes" : "no: ", b.reason.c_str());
  }
  std::printf("\nchosen: %s, %s, %d threads\n", chosen.backend(), chosen.isa(), chosen.n_threads());
}

void run(bool as_json) {
  const context chosen;
  const std::vector<backend_info> backends = list_backends();
  if (!as_json) {
    print_table(chosen, backends);
    return;
  }
  nlohmann::ordered_json json = json_header();
  json["backend"] = chosen.backend();
  json["isa"] = chosen.isa();
  json["threads"] = chosen.n_threads();
  json["backends"] = nlohmann::ordered_json::array();
  for (const backend_info& b : backends) {
    json["backends"].push_back(
        {{"backend", b.backend}, {"isa", b.isa}, {"available", b.available}, {"reason", b.reason}});
  }
  print_json(json);
}

}  // namespace

void add_info(CLI::App& app, int&) {
  CLI::App* const command = app.add_subcommand("info", "Version, backends and instruction sets, or why not");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "print JSON");
  command->callback([as_json] { run(*as_json); });
}

}  // namespace samebits::cli
