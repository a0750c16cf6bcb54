#include "cli/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cli/command.hpp"

namespace samebits::cli {
namespace {

template <class Action>
void name_path(const std::string& path, const Action& action) {
  try {
    action();
  } catch (const std::system_error& error) {
    throw output_error(path + ": cannot write: " + error.code().message());
  }
}

}  // namespace

output_file::output_file(const std::string& path) : path_(path) {
  name_path(path_, [this] { file_ = std::make_unique<replacing_file>(path_, interrupted); });
}

void output_file::write(std::string_view bytes) {
  name_path(path_, [&] { file_->write(bytes); });
}
void output_file::finish() {
  name_path(path_, [this] { file_->finish(); });
}

void write_file(const std::string& path, std::string_view bytes) {
  output_file file(path);
  file.write(bytes);
  file.finish();
}

bool write_standard_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      return false;
    } else if (errno != EINTR) {
      throw output_error("standard output: cannot write: " + std::generic_category().message(errno));
    }
    if (!bytes.empty() && interrupted()) {
      return false;
    }
  }
  return true;
}

}  // namespace samebits::cli
