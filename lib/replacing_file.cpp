#include "lib/replacing_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace samebits {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_errno(int error = errno) { throw std::system_error(error, std::generic_category()); }

/// A file descriptor that closes itself.
class descriptor {
 public:
  descriptor(int fd, bool (*stop)()) : fd_(fd), stop_(stop) {
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
      // A FIFO that nobody reads would wait for ever.
      if (!bytes.empty() && stop_ != nullptr && stop_()) throw_errno(EINTR);
    }
  }

  /// Some file systems report a failed write only here. Linux closes the descriptor even when it reports EINTR.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) throw_errno();
  }

 private:
  int fd_;
  bool (*stop_)();
};

/// A new file with a name of its own in `folder`, removed unless it is renamed.
class temporary_file {
 public:
  temporary_file(const fs::path& folder, mode_t mode, bool (*stop)()) : file_(create(folder, mode), stop) {}
  ~temporary_file() {
    if (!renamed_) ::unlink(path_.c_str());
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  void set_mode(mode_t mode) {
    if (::fchmod(file_.get(), mode) != 0) throw_errno();
  }

  void write(std::string_view bytes) { file_.write(bytes); }

  void rename_to(const fs::path& target) {
    if (::fsync(file_.get()) != 0) throw_errno();
    file_.close();
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

}  // namespace

/// Where the bytes go: a new file beside the place of the result, or what lies in that place already.
class replacing_file::target {
 public:
  target(const fs::path& path, bool (*stop)()) {
    const auto status = file_status(path);
    if (!status || S_ISREG(status->st_mode)) {
      place_ = replaceable_target(path);
    }
    if (!place_) {
      // O_APPEND: when standard output goes to a file, what is there already stays.
      direct_.emplace(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC), stop);
    } else if (!status) {
      replacement_.emplace(place_->parent_path(), 0666, stop);
    } else {
      // A rename needs no right to write to the file itself, but a file made read-only is meant to stay.
      if (::faccessat(AT_FDCWD, place_->c_str(), W_OK, AT_EACCESS) != 0) throw_errno();
      const mode_t mode = status->st_mode & 07777;
      replacement_.emplace(place_->parent_path(), mode, stop);
      replacement_->set_mode(mode);  // open() took the umask off
    }
  }

  void write(std::string_view bytes) {
    if (replacement_) {
      replacement_->write(bytes);
    } else {
      direct_->write(bytes);
    }
  }

  void finish() {
    if (replacement_) {
      replacement_->rename_to(*place_);
    } else {
      direct_->close();
    }
  }

 private:
  std::optional<fs::path> place_;  // of the result, where it is renamed to
  std::optional<temporary_file> replacement_;
  std::optional<descriptor> direct_;
};

replacing_file::replacing_file(const std::string& path, bool (*stop)())
    : target_(std::make_unique<target>(path, stop)) {}
replacing_file::~replacing_file() = default;

void replacing_file::write(std::string_view bytes) { target_->write(bytes); }
void replacing_file::finish() { target_->finish(); }

}  // namespace samebits
