#include "samebits/context.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cpu/variants.hpp"
#include "lib/call.hpp"
#include "lib/registry.hpp"

namespace samebits {
namespace {

constexpr int most_threads = 1024;

/// An option, else the environment variable, else empty.
std::string chosen(const std::string& option, const char* variable) {
  if (!option.empty()) {
    return option;
  }
  const char* const value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

const samebits_backend* usable_table(const backend_entry& entry, const std::string& name) {
  if (!entry.usable()) {
    throw backend_unavailable("context: backend " + name + " is not available: " + entry.reason);
  }
  return entry.table;
}

const samebits_backend* choose_table(const std::string& backend, const std::string& isa) {
  if (backend.empty() && isa.empty()) {
    if (const backend_entry cuda = find_plugin("cuda"); cuda.usable()) {
      return cuda.table;
    }
  }
  if (backend.empty() || backend == "cpu") {
    return isa.empty() ? best_cpu() : usable_table(find_cpu(isa), "cpu with isa " + isa);
  }
  return usable_table(find_plugin(backend), backend);
}

/// Which backend the options and the environment name. An instruction set named for this context picks the CPU,
/// whatever the environment prefers; one named by the environment says nothing about plug-ins.
std::string chosen_backend(const context_options& options) {
  if (options.isa.empty()) {
    return chosen(options.backend, "SAMEBITS_BACKEND");
  }
  if (!options.backend.empty() && options.backend != "cpu") {
    throw invalid_argument("context: isa is \"" + options.isa + "\" but backend is " + options.backend +
                           "; only the CPU has a choice of instruction sets");
  }
  return "cpu";
}

int choose_threads(int option) {
  if (option == 0) {
    const char* const value = std::getenv("SAMEBITS_NUM_THREADS");
    if (value == nullptr || *value == '\0') {
      const int available = cpu::available_threads();
      return available < most_threads ? available : most_threads;
    }
    const std::string_view text(value);
    int n_threads = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n_threads);
    if (failure != std::errc() || end != text.data() + text.size() || n_threads < 1 || n_threads > most_threads) {
      throw invalid_argument("context: SAMEBITS_NUM_THREADS is \"" + std::string(text) + "\" but must be 1 to 1024");
    }
    return n_threads;
  }
  if (option < 0 || option > most_threads) {
    throw invalid_argument("context: n_threads is " + std::to_string(option) + " but must be 0 to 1024");
  }
  return option;
}

}  // namespace

context::context(const context_options& options)
    : table_(choose_table(chosen_backend(options), chosen(options.isa, "SAMEBITS_ISA"))),
      n_threads_(choose_threads(options.n_threads)) {}

const char* context::backend() const { return table_->name; }
const char* context::isa() const { return table_->isa; }

void context::synchronize() const {
  samebits_call call = make_call(*this);
  require_ok(table_->synchronize(&call), call, "context::synchronize");
}

}  // namespace samebits
