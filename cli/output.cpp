#include "cli/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace samebits::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_errno(int error = errno) { throw std::system_error(error, std::generic_category()); }

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {
    if (fd_ < 0) throw_errno();
  }
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  int get() const { return fd_; }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EINTR) {
        throw_errno();
      }
    }
  }

  /// Some file systems report a failed write only here. Linux closes the descriptor even when it reports EINTR.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) throw_errno();
  }

 private:
  int fd_;
};

/// A new file with a name of its own in `folder`, removed unless it is renamed.
class temporary_file {
 public:
  temporary_file(const fs::path& folder, mode_t mode) : file_(create(folder, mode)) {}
  ~temporary_file() {
    if (!renamed_) ::unlink(path_.c_str());
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  void set_mode(mode_t mode) {
    if (::fchmod(file_.get(), mode) != 0) throw_errno();
  }

  void write(std::string_view bytes) {
    file_.write(bytes);
    if (::fsync(file_.get()) != 0) throw_errno();
    file_.close();
  }

  void rename_to(const fs::path& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) throw_errno();
    renamed_ = true;
  }

 private:
  int create(const fs::path& folder, mode_t mode) {
    constexpr int max_attempts = 1000;
    for (int attempt = 0;; ++attempt) {
      path_ = folder / (".samebits-" + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".tmp");
      const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
      if (fd >= 0 || errno != EEXIST || attempt == max_attempts) return fd;
    }
  }

  fs::path path_;
  descriptor file_;
  bool renamed_ = false;
};

std::optional<struct stat> file_status(const fs::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return status;
  if (errno != ENOENT) throw_errno();
  return std::nullopt;
}

/// The folder of `path` without symbolic links.
fs::path real_folder(const fs::path& path) {
  return fs::canonical(path.has_parent_path() ? path.parent_path() : fs::path("."));
}

/// The file that `path` leads to through symbolic links, whether it is there or not. Nothing for /dev/stdout and the
/// like: they lead to a link in /proc that stands for an open file, whatever name that file has now.
std::optional<fs::path> replaceable_target(fs::path path) {
  constexpr int max_links = 40;  // as many as Linux follows
  for (int n_links = 0; n_links <= max_links; ++n_links) {
    path = real_folder(path) / path.filename();
    if (!fs::is_symlink(path)) return path;
    if (path.native().starts_with("/proc/")) return std::nullopt;
    path = path.parent_path() / fs::read_symlink(path);
  }
  throw_errno(ELOOP);
}

void write_directly(const fs::path& path, std::string_view bytes) {
  // O_APPEND: when standard output goes to a file, what is there already stays.
  descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  file.write(bytes);
  file.close();
}

void create(const fs::path& target, std::string_view bytes) {
  temporary_file file(target.parent_path(), 0666);
  file.write(bytes);
  file.rename_to(target);
}

void replace(const fs::path& target, mode_t mode, std::string_view bytes) {
  // A rename needs no right to write to the file itself, but a file made read-only is meant to stay.
  if (::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0) throw_errno();
  temporary_file file(target.parent_path(), mode);
  file.set_mode(mode);  // open() took the umask off
  file.write(bytes);
  file.rename_to(target);
}

void write_anywhere(const fs::path& path, std::string_view bytes) {
  const auto status = file_status(path);
  if (status && !S_ISREG(status->st_mode)) return write_directly(path, bytes);
  const auto target = replaceable_target(path);
  if (!target) return write_directly(path, bytes);
  if (!status) return create(*target, bytes);
  replace(*target, status->st_mode & 07777, bytes);
}

}  // namespace

void write_file(const std::string& path, std::string_view bytes) {
  try {
    write_anywhere(path, bytes);
  } catch (const std::system_error& error) {
    throw output_error(path + ": cannot write: " + error.code().message());
  }
}

}  // namespace samebits::cli
