// samebits info: what this build and machine can do.
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.hpp"
#include "samebits/version.hpp"

namespace samebits::cli {
namespace {

/// The context that commands would use, or why there is none.
struct choice {
  std::optional<context> chosen;
  std::string reason;
};

choice choose() {
  try {
    return {context(), ""};
  } catch (const backend_unavailable& e) {
    return {std::nullopt, e.what()};
  }
}

void print_table(const choice& c, const std::vector<backend_info>& backends) {
  std::printf("samebits %s, numerics version %d\n\n", SAMEBITS_VERSION, SAMEBITS_NUMERICS_VERSION);
  std::printf("%-10s %-10s %s\n", "backend", "isa", "available");
  for (const backend_info& b : backends) {
    std::printf("%-10s %-10s %s%s\n", b.backend.c_str(), b.isa.empty() ? "-" : b.isa.c_str(),
                b.available ? "yes" : "no: ", b.reason.c_str());
  }
  if (c.chosen) {
    std::printf("\nchosen: %s, %s, %d threads, device %d of %d\n", c.chosen->backend(), c.chosen->isa(),
                c.chosen->n_threads(), c.chosen->device(), c.chosen->available_devices());
  } else {
    std::printf("\nchosen: none: %s\n", c.reason.c_str());
  }
}

void print_info_json(const choice& c, const std::vector<backend_info>& backends) {
  nlohmann::ordered_json json = json_header();
  if (c.chosen) {
    json["backend"] = c.chosen->backend();
    json["isa"] = c.chosen->isa();
    json["threads"] = c.chosen->n_threads();
    json["device"] = c.chosen->device();
    json["available_devices"] = c.chosen->available_devices();
  } else {
    json["backend"] = nullptr;
    json["reason"] = c.reason;
  }
  json["backends"] = nlohmann::ordered_json::array();
  for (const backend_info& b : backends) {
    json["backends"].push_back(
        {{"backend", b.backend}, {"isa", b.isa}, {"available", b.available}, {"reason", b.reason}});
  }
  print_json(json);
}

int run(bool as_json) {
  const choice c = choose();
  if (as_json) {
    print_info_json(c, list_backends());
  } else {
    print_table(c, list_backends());
  }
  return c.chosen ? exit_done : exit_no_backend;
}

}  // namespace

void add_info(CLI::App& app, int& result) {
  CLI::App* const command = app.add_subcommand("info", "Version, backends and instruction sets, or why not");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "print JSON");
  command->callback([as_json, &result] { result = run(*as_json); });
}

}  // namespace samebits::cli
