#include "samebits/context.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cpu/variants.hpp"
#include "lib/call.hpp"
#include "lib/checks.hpp"
#include "lib/registry.hpp"
#include "lib/several_devices.hpp"

namespace samebits {
namespace {

constexpr int most_threads = 1024;
constexpr std::size_t most_devices = 1024;

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

// ---- devices -----------------------------------------------------------------------------------------------------

/// What the environment says about GPUs, or the first one.
int default_gpu() {
  const std::string text = chosen("", "SAMEBITS_DEVICE");
  int device = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), device);
  if (!text.empty() && (failure != std::errc() || end != text.data() + text.size() || device < 0)) {
    refuse("context", "SAMEBITS_DEVICE is \"" + text + "\" but must be the number of a device, counted from 0");
  }
  return device;
}

/// Those that the options name; none where they leave it to the environment.
std::vector<int> named_devices(const context_options& options) {
  if (options.device < -1) {
    refuse("context", "device is " + std::to_string(options.device) + " but must be at least 0, or -1 for the default");
  }
  if (options.devices.empty()) {
    return options.device < 0 ? std::vector<int>() : std::vector<int>{options.device};
  }
  if (options.device >= 0) {
    refuse("context", "device is " + std::to_string(options.device) + " but devices are given too");
  }
  if (options.devices.size() > most_devices) {
    refuse("context", "devices has " + std::to_string(options.devices.size()) + " elements but must have at most " +
                          std::to_string(most_devices));
  }
  for (std::size_t i = 0; i < options.devices.size(); ++i) {
    if (options.devices[i] < 0) {
      refuse("context",
             "devices[" + std::to_string(i) + "] is " + std::to_string(options.devices[i]) + " but must be at least 0");
    }
  }
  return options.devices;
}

/// What a context works on.
struct place {
  const samebits_backend* table;
  std::vector<int> devices;
};

place on_cpu(const std::string& isa, const std::vector<int>& named) {
  for (const int device : named) {
    if (device != 0) {
      refuse("context", "device is " + std::to_string(device) + " but backend cpu has only device 0");
    }
  }
  return {isa.empty() ? best_cpu() : usable_table(find_cpu(isa), "cpu with isa " + isa), {0}};
}

place on_plugin(const std::string& name, const std::vector<int>& devices) {
  place found{nullptr, devices};
  for (const int device : devices) {
    found.table = usable_table(find_plugin(name, device), name);
  }
  return found;
}

/// A device other than the first is a GPU.
place choose_place(const std::string& backend, const std::string& isa, const std::vector<int>& named) {
  if (backend == "cpu" || (backend.empty() && !isa.empty())) {
    return on_cpu(isa, named);
  }
  const std::vector<int> devices = named.empty() ? std::vector<int>{default_gpu()} : named;
  if (!backend.empty()) {
    return on_plugin(backend, devices);
  }
  const bool needs_gpu = devices != std::vector<int>{0};
  return needs_gpu || find_plugin("cuda", 0).usable() ? on_plugin("cuda", devices) : on_cpu(isa, named);
}

// ---- the other choices -------------------------------------------------------------------------------------------

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

context::context(const context_options& options) {
  const std::string backend = chosen_backend(options);
  const std::vector<int> named = named_devices(options);
  const place found = choose_place(backend, chosen(options.isa, "SAMEBITS_ISA"), named);
  n_threads_ = choose_threads(options.n_threads);
  table_ = found.table;
  device_ = found.devices.front();
  if (found.devices.size() > 1) {
    device_list_ = list_of_devices(found.table, found.devices);
    table_ = &device_list_->table;
  }
}

const char* context::backend() const { return table_->name; }
const char* context::isa() const { return table_->isa; }

std::vector<int> context::devices() const {
  return device_list_ == nullptr ? std::vector<int>{device_} : device_list_->numbers;
}

int context::available_devices() const { return table_->count_devices(); }

context context::on_device(int device) const {
  const std::vector<int> all = devices();
  if (std::find(all.begin(), all.end(), device) == all.end()) {
    refuse("context::on_device", "device is " + std::to_string(device) + " but the context does not work on it");
  }
  context one = *this;
  if (device_list_ != nullptr) {
    one.table_ = device_list_->each;
    one.device_list_ = nullptr;
  }
  one.device_ = device;
  return one;
}

context context::on_stream(void* cuda_stream) const {
  if (device_list_ != nullptr) {
    refuse("context::on_stream", "the context works on several devices but a stream belongs to one");
  }
  context queued = *this;
  queued.stream_ = cuda_stream;
  return queued;
}

void context::synchronize() const {
  samebits_call call = make_call(*this);
  require_ok(table_->synchronize(&call), call, "context::synchronize");
}

}  // namespace samebits
