// What the tests share: files and folders, environment variables, floating-point modes, data, messages of errors.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "samebits/context.hpp"
#include "samebits/datasets.hpp"
#include "samebits/error.hpp"
#include "samebits/view.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define SAMEBITS_TEST_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define SAMEBITS_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SAMEBITS_TEST_ASAN 1
#elif __has_feature(thread_sanitizer)
#define SAMEBITS_TEST_TSAN 1
#endif
#endif

namespace samebits::tests {

namespace fs = std::filesystem;

// ---- files and folders -------------------------------------------------------------------------------------------

inline void put_file(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The names in the current folder.
inline std::set<std::string> names_here() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(".")) {
    names.insert(entry.path().filename());
  }
  return names;
}

/// The build tree that this test program lies in, wherever it was moved to.
inline fs::path build_folder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

/// A file of tests/data or data.
inline fs::path data_file(const std::string& name) { return build_folder() / "tests" / "data" / name; }

/// Where plug-ins for tests are built.
inline fs::path test_plugins() { return build_folder() / "test-plugins"; }

/// A folder of its own for as long as it lives, and the current one.
class temporary_folder {
 public:
  temporary_folder() : before_(fs::current_path()) {
    std::string name = (fs::temp_directory_path() / "samebits_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    fs::current_path(path_);
  }
  ~temporary_folder() {
    fs::current_path(before_);
    fs::remove_all(path_);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path before_;
  fs::path path_;
};

// ---- environment variables ---------------------------------------------------------------------------------------

inline void set_variable(const char* name, const std::optional<std::string>& value) {
  if (value) {
    ::setenv(name, value->c_str(), 1);
  } else {
    ::unsetenv(name);
  }
}

/// Sets an environment variable (without a value: removes it) for as long as it lives.
class environment_variable {
 public:
  explicit environment_variable(const char* name, const std::optional<std::string>& value = std::nullopt)
      : name_(name) {
    if (const char* const before = std::getenv(name)) {
      before_ = before;
    }
    set_variable(name, value);
  }
  ~environment_variable() { set_variable(name_, before_); }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

// ---- floating-point modes ----------------------------------------------------------------------------------------

/// The register that decides about rounding and subnormal numbers: MXCSR or FPCR.
inline std::uint64_t fp_control() {
#if defined(__SSE2__)
  return _mm_getcsr() & ~std::uint64_t{0x3f};  // the low bits only tell what has happened
#elif defined(__aarch64__)
  std::uint64_t fpcr;
  asm volatile("mrs %0, fpcr" : "=r"(fpcr));
  return fpcr;
#else
#error "no way to change floating-point modes here"
#endif
}

inline void set_fp_control(std::uint64_t control) {
#if defined(__SSE2__)
  _mm_setcsr(static_cast<unsigned>(control));
#else
  asm volatile("msr fpcr, %0" : : "r"(control));
#endif
}

#if defined(__SSE2__)
inline constexpr std::uint64_t flush_to_zero = 0x8040;  // FTZ and DAZ
inline constexpr std::uint64_t round_upward = 0x4000;
#else
inline constexpr std::uint64_t flush_to_zero = 1 << 24;
inline constexpr std::uint64_t round_upward = 1 << 22;
#endif

/// Adds bits to the control register for as long as it lives.
class fp_mode {
 public:
  explicit fp_mode(std::uint64_t bits) : before_(fp_control()) { set_fp_control(before_ | bits); }
  ~fp_mode() { set_fp_control(before_); }
  fp_mode(const fp_mode&) = delete;
  fp_mode& operator=(const fp_mode&) = delete;

 private:
  std::uint64_t before_;
};

// ---- data --------------------------------------------------------------------------------------------------------

struct matrix {
  matrix(std::int64_t rows, std::int64_t cols)
      : n_rows(rows), n_cols(cols), values(static_cast<std::size_t>(rows * cols)) {}
  matrix(std::int64_t rows, std::int64_t cols, std::vector<double> elements)
      : n_rows(rows), n_cols(cols), values(std::move(elements)) {}

  matrix_view<double> view() { return {values.data(), n_rows, n_cols}; }
  matrix_view<const double> view() const { return {values.data(), n_rows, n_cols}; }
  double& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * n_cols + j)]; }
  double operator()(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * n_cols + j)]; }

  std::int64_t n_rows;
  std::int64_t n_cols;
  std::vector<double> values;
};

inline matrix blobs(const context& ctx, std::int64_t n_rows, std::int64_t n_cols, std::int64_t n_blobs) {
  matrix x(n_rows, n_cols);
  make_blobs(ctx, {7, static_cast<std::uint64_t>(n_cols)}, n_blobs, x.view());
  return x;
}

// ---- errors ------------------------------------------------------------------------------------------------------

/// The message of the Error that the call throws.
template <class Error, class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace samebits::tests
