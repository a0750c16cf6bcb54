#include "lib/registry.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "cpu/variants.hpp"
#include "samebits/context.hpp"
#include "samebits/error.hpp"
#include "samebits/version.hpp"

namespace samebits {
namespace {

/// Asks a loaded backend whether it can compute on that device.
backend_entry probed(const samebits_backend* table, int device) {
  samebits_call call{};
  call.n_threads = 1;
  call.device = device;
  if (table->probe(&call) != SAMEBITS_OK) {
    return {table, call.message};
  }
  return {table, ""};
}

backend_entry probe_cpu(const cpu::variant& variant) {
  return variant.missing != nullptr ? backend_entry{variant.table, variant.missing} : probed(variant.table, 0);
}

const std::vector<backend_entry>& cpu_entries() {
  static const std::vector<backend_entry> entries = [] {
    std::vector<backend_entry> found;
    for (const cpu::variant& variant : cpu::variants()) {
      found.push_back(probe_cpu(variant));
    }
    return found;
  }();
  return entries;
}

// ---- plug-ins ----------------------------------------------------------------------------------------------------

/// The folder of libsamebits.so itself.
std::filesystem::path library_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&find_plugin), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  return std::filesystem::path(info.dli_fname).parent_path();
}

/// Where plug-ins may lie, in order. Never the current folder: what lies there is not ours.
std::vector<std::filesystem::path> plugin_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* const folder = std::getenv("SAMEBITS_PLUGIN_DIR"); folder != nullptr && *folder != '\0') {
    folders.emplace_back(folder);
  }
  folders.push_back(library_folder());
  folders.emplace_back(SAMEBITS_INSTALLED_LIBDIR);
  std::erase_if(folders, [](const std::filesystem::path& folder) { return !folder.is_absolute(); });
  return folders;
}

/// Not asked yet whether it can compute.
backend_entry load_plugin_file(const std::filesystem::path& file) {
  void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return {nullptr, std::string("cannot be loaded: ") + dlerror()};
  }
  const auto get_table = reinterpret_cast<samebits_backend_table_function>(dlsym(library, SAMEBITS_BACKEND_SYMBOL));
  const samebits_backend* const table = get_table == nullptr ? nullptr : get_table();
  if (table == nullptr) {
    return {nullptr, file.string() + " is not a samebits plug-in"};
  }
  if (table->abi_version != SAMEBITS_BACKEND_ABI || table->struct_size != sizeof(samebits_backend) ||
      table->numerics_version != SAMEBITS_NUMERICS_VERSION) {
    return {nullptr, file.string() + " was built for another version of samebits"};
  }
  return {table, ""};
}

backend_entry load_plugin(const std::string& name) {
  const std::string file_name = "samebits_" + name + ".so";
  for (const std::filesystem::path& folder : plugin_folders()) {
    std::error_code ignored;
    if (std::filesystem::exists(folder / file_name, ignored)) {
      return load_plugin_file(folder / file_name);
    }
  }
  return {nullptr, "no plug-in " + file_name + " is installed"};
}

bool is_plugin_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

/// What make() made of the key when it was first asked for. Others who ask for it wait, those who ask for another do
/// not: a device may take long to answer.
template <class Key, class Make>
const backend_entry& remembered(const Key& key, const Make& make) {
  struct once_made {
    std::once_flag once;
    backend_entry entry;
  };
  static std::mutex mutex;
  static std::map<Key, once_made> all;
  once_made& found = [&]() -> once_made& {
    const std::lock_guard lock(mutex);
    return all[key];
  }();
  std::call_once(found.once, [&] { found.entry = make(); });
  return found.entry;
}

}  // namespace

backend_entry find_cpu(const std::string& isa) {
  for (const backend_entry& entry : cpu_entries()) {
    if (isa == entry.table->isa) {
      return entry;
    }
  }
  if (isa == "avx2" || isa == "avx512") {
    return {nullptr, "this build of samebits has no code for it"};
  }
  throw invalid_argument("context: isa is \"" + isa + "\" but must be scalar, avx2 or avx512");
}

const samebits_backend* best_cpu() {
  const std::vector<backend_entry>& entries = cpu_entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->usable()) {
      return entry->table;
    }
  }
  throw backend_unavailable("context: backend cpu: " + entries.front().reason);
}

backend_entry find_plugin(const std::string& name, int device) {
  if (!is_plugin_name(name)) {
    throw invalid_argument("context: backend is \"" + name + "\" but must be cpu, cuda or the name of a plug-in");
  }
  const backend_entry& plugin = remembered<std::string>(name, [&] { return load_plugin(name); });
  return plugin.usable() ? remembered(std::pair(name, device), [&] { return probed(plugin.table, device); }) : plugin;
}

std::vector<backend_info> list_backends() {
  std::vector<backend_info> infos;
  for (const backend_entry& entry : cpu_entries()) {
    infos.push_back({"cpu", entry.table->isa, entry.usable(), entry.reason});
  }
  const backend_entry cuda = find_plugin("cuda", 0);
  infos.push_back({"cuda", cuda.usable() ? cuda.table->isa : "", cuda.usable(), cuda.reason});
  return infos;
}

}  // namespace samebits
