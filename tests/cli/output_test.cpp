#include "cli/output.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support.hpp"

namespace samebits::cli {
namespace {

namespace fs = std::filesystem;
using tests::put_file;
using tests::read_file;

mode_t mode_of(const fs::path& path) {
  struct stat status = {};
  ::stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

std::string error_of_writing(const fs::path& path, std::string_view bytes) {
  try {
    write_file(path.string(), bytes);
  } catch (const output_error& error) {
    return error.what();
  }
  return "no error";
}

/// Files larger than `size` cannot be written while it lives.
class file_size_limit {
 public:
  explicit file_size_limit(rlim_t size) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_ = {};
};

/// Root may write everywhere, so a test of permissions gives that right up for a while.
class ordinary_user {
 public:
  ordinary_user() : is_root_(::geteuid() == 0) {
    constexpr uid_t nobody = 65534;
    if (is_root_ && ::seteuid(nobody) != 0) works_ = false;
  }
  ~ordinary_user() {
    if (is_root_ && ::seteuid(0) != 0) std::abort();
  }
  ordinary_user(const ordinary_user&) = delete;
  ordinary_user& operator=(const ordinary_user&) = delete;

  bool works() const { return works_; }

 private:
  bool is_root_;
  bool works_ = true;
};

class umask_of {
 public:
  explicit umask_of(mode_t mask) : before_(::umask(mask)) {}
  ~umask_of() { ::umask(before_); }
  umask_of(const umask_of&) = delete;
  umask_of& operator=(const umask_of&) = delete;

 private:
  mode_t before_;
};

class write_file_to : public testing::Test {
 protected:
  write_file_to() {
    fs::permissions(folder_, fs::perms::all);  // for ordinary_user
  }

  using names = std::vector<std::string>;

  names names_in_folder() const {
    names found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }

  tests::temporary_folder temporary_;
  fs::path folder_ = temporary_.path();
};

TEST_F(write_file_to, a_new_path_makes_the_file) {
  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(read_file(folder_ / "out.json"), "text");
}

TEST_F(write_file_to, a_path_without_a_folder_makes_it_in_the_current_one) {
  fs::current_path(folder_);

  write_file("out.json", "text");

  EXPECT_EQ(read_file(folder_ / "out.json"), "text");
}

TEST_F(write_file_to, a_path_keeps_bytes_of_every_kind) {
  const std::string bytes("a\0b\r\n\xff", 6);

  write_file(folder_ / "out.bin", bytes);

  EXPECT_EQ(read_file(folder_ / "out.bin"), bytes);
}

TEST_F(write_file_to, a_path_may_write_nothing) {
  put_file(folder_ / "out.json", "earlier");

  write_file(folder_ / "out.json", "");

  EXPECT_EQ(read_file(folder_ / "out.json"), "");
}

TEST_F(write_file_to, an_earlier_file_replaces_it) {
  put_file(folder_ / "out.json", "earlier and longer");

  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(read_file(folder_ / "out.json"), "text");
}

TEST_F(write_file_to, an_earlier_file_leaves_nothing_else_in_the_folder) {
  put_file(folder_ / "out.json", "earlier");

  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(names_in_folder(), names{"out.json"});
}

TEST_F(write_file_to, an_earlier_file_keeps_its_mode_whatever_the_umask) {
  put_file(folder_ / "out.json", "earlier");
  ::chmod((folder_ / "out.json").c_str(), 0662);
  const umask_of mask(077);

  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(mode_of(folder_ / "out.json"), 0662u);
}

TEST_F(write_file_to, a_new_path_takes_the_umask_off_its_mode) {
  const umask_of mask(027);

  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(mode_of(folder_ / "out.json"), 0640u);
}

TEST_F(write_file_to, a_name_of_the_greatest_length_works) {
  const std::string name(255, 'x');

  write_file(folder_ / name, "text");

  EXPECT_EQ(names_in_folder(), names{name});
}

TEST_F(write_file_to, a_link_replaces_its_target) {
  fs::create_directory(folder_ / "real");
  put_file(folder_ / "real/target.json", "earlier");
  fs::create_symlink("real/target.json", folder_ / "link.json");

  write_file(folder_ / "link.json", "text");

  EXPECT_EQ(read_file(folder_ / "real/target.json"), "text");
}

TEST_F(write_file_to, a_link_keeps_the_link) {
  put_file(folder_ / "target.json", "earlier");
  fs::create_symlink(folder_ / "target.json", folder_ / "link.json");

  write_file(folder_ / "link.json", "text");

  EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
}

TEST_F(write_file_to, a_chain_of_links_keeps_every_link) {
  fs::create_symlink("second", folder_ / "first");
  fs::create_symlink("target", folder_ / "second");
  put_file(folder_ / "target", "earlier");

  write_file(folder_ / "first", "text");

  EXPECT_EQ(read_file(folder_ / "target"), "text");
  EXPECT_TRUE(fs::is_symlink(folder_ / "first") && fs::is_symlink(folder_ / "second"));
}

TEST_F(write_file_to, a_link_to_nothing_makes_its_target) {
  fs::create_symlink("target.json", folder_ / "link.json");

  write_file(folder_ / "link.json", "text");

  EXPECT_TRUE(fs::is_symlink(folder_ / "link.json"));
  EXPECT_EQ(read_file(folder_ / "target.json"), "text");
}

TEST_F(write_file_to, a_circle_of_links_fails) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");

  const fs::path path = folder_ / "a";

  EXPECT_EQ(error_of_writing(path, "text"), path.string() + ": cannot write: Too many levels of symbolic links");
}

TEST_F(write_file_to, a_full_device_fails) {
  EXPECT_EQ(error_of_writing("/dev/full", "text"), "/dev/full: cannot write: No space left on device");
}

TEST_F(write_file_to, a_full_device_leaves_the_device) {
  error_of_writing("/dev/full", "text");

  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(write_file_to, a_link_to_a_device_leaves_the_device) {
  fs::create_symlink("/dev/null", folder_ / "link");

  write_file(folder_ / "link", "text");

  EXPECT_TRUE(fs::is_character_file(folder_ / "link"));
}

TEST_F(write_file_to, a_fifo_reaches_its_reader) {
  const fs::path fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { received = read_file(fifo); });

  write_file(fifo, "text");

  reader.join();
  EXPECT_EQ(received, "text");
  EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST_F(write_file_to, an_open_file_under_dev_fd_adds_to_that_very_file) {
  put_file(folder_ / "redirected", "before, ");
  const int fd = ::open((folder_ / "redirected").c_str(), O_RDONLY | O_CLOEXEC);
  struct stat before = {}, after = {};
  ::fstat(fd, &before);

  write_file("/dev/fd/" + std::to_string(fd), "text");

  ::close(fd);
  ::stat((folder_ / "redirected").c_str(), &after);
  EXPECT_EQ(read_file(folder_ / "redirected"), "before, text");
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(write_file_to, a_folder_fails) {
  EXPECT_EQ(error_of_writing(folder_, "text"), folder_.string() + ": cannot write: Is a directory");
}

TEST_F(write_file_to, a_missing_folder_fails) {
  const fs::path path = folder_ / "missing/out.json";

  EXPECT_EQ(error_of_writing(path, "text"), path.string() + ": cannot write: No such file or directory");
}

TEST_F(write_file_to, a_path_below_a_file_fails) {
  put_file(folder_ / "file", "");
  const fs::path path = folder_ / "file/out.json";

  EXPECT_EQ(error_of_writing(path, "text"), path.string() + ": cannot write: Not a directory");
}

TEST_F(write_file_to, an_unwritable_folder_fails) {
  fs::create_directory(folder_ / "locked");
  ::chmod((folder_ / "locked").c_str(), 0555);
  const ordinary_user user;
  if (!user.works()) GTEST_SKIP() << "root cannot give up its rights here";
  const fs::path path = folder_ / "locked/out.json";

  EXPECT_EQ(error_of_writing(path, "text"), path.string() + ": cannot write: Permission denied");
}

TEST_F(write_file_to, an_unwritable_file_fails_and_keeps_it) {
  put_file(folder_ / "out.json", "earlier");
  ::chmod((folder_ / "out.json").c_str(), 0444);
  const ordinary_user user;
  if (!user.works()) GTEST_SKIP() << "root cannot give up its rights here";
  const fs::path path = folder_ / "out.json";

  EXPECT_EQ(error_of_writing(path, "text"), path.string() + ": cannot write: Permission denied");
  EXPECT_EQ(read_file(path), "earlier");
}

TEST_F(write_file_to, a_file_too_large_says_why) {
  const fs::path path = folder_ / "out.json";
  const file_size_limit limit(1000);

  EXPECT_EQ(error_of_writing(path, std::string(2000, 'x')), path.string() + ": cannot write: File too large");
}

TEST_F(write_file_to, a_file_too_large_keeps_the_earlier_one) {
  put_file(folder_ / "out.json", "earlier");
  const file_size_limit limit(1000);

  error_of_writing(folder_ / "out.json", std::string(2000, 'x'));

  EXPECT_EQ(read_file(folder_ / "out.json"), "earlier");
}

TEST_F(write_file_to, a_file_too_large_leaves_nothing_else_in_the_folder) {
  const file_size_limit limit(1000);

  error_of_writing(folder_ / "out.json", std::string(2000, 'x'));

  EXPECT_EQ(names_in_folder(), names{});
}

TEST_F(write_file_to, a_folder_with_leftovers_of_a_killed_process_leaves_them) {
  const std::string leftover = ".samebits-" + std::to_string(::getpid()) + "-0.tmp";
  put_file(folder_ / leftover, "half");

  write_file(folder_ / "out.json", "text");

  EXPECT_EQ(read_file(folder_ / leftover), "half");
  EXPECT_EQ(read_file(folder_ / "out.json"), "text");
}

}  // namespace
}  // namespace samebits::cli
