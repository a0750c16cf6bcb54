// Running the command as people do: in a folder of its own, with its output caught.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace samebits::tests {

using arguments = std::vector<std::string>;

struct outcome {
  int exit_code;  ///< or minus the signal that ended it
  std::string out;
  std::string err;
};

/// Becomes the program, in the child.
[[noreturn]] inline void become(const arguments& program, const std::string& out_file) {
  std::vector<char*> argv;
  for (const std::string& argument : program) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(::open(out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
  ::dup2(::open("stderr.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

/// Runs a program; its standard output goes to a file unless a device is named.
inline outcome run_program(const arguments& program, const std::string& out_file = "stdout.txt") {
  const pid_t child = ::fork();
  if (child == 0) {
    become(program, out_file);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool is_device = out_file.starts_with("/dev/");
  outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), is_device ? "" : read_file(out_file),
                 read_file("stderr.txt")};
  fs::remove("stderr.txt");
  if (!is_device) {
    fs::remove(out_file);
  }
  return result;
}

inline outcome run_samebits(arguments args, const std::string& out_file = "stdout.txt") {
  args.insert(args.begin(), SAMEBITS_TEST_COMMAND);
  return run_program(args, out_file);
}

/// Runs a line of the shell in which $samebits is the command.
inline outcome run_shell(const std::string& line) {
  return run_program({"/bin/sh", "-c", "samebits='" SAMEBITS_TEST_COMMAND "'; " + line});
}

/// The command's answer as JSON.
inline nlohmann::json json_answer(arguments args) {
  args.push_back("--json");
  const outcome result = run_samebits(args);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

/// Expects a failure that says this and nothing else.
inline void expect_error(const outcome& result, int exit_code, const std::string& message) {
  EXPECT_EQ(result.exit_code, exit_code);
  EXPECT_EQ(result.err, "samebits: " + message + "\n");
  EXPECT_EQ(result.out, "");
}

/// A test in a folder of its own, on the CPU.
class command_folder : public testing::Test {
 private:
  temporary_folder folder_;
  environment_variable backend_ = environment_variable("SAMEBITS_BACKEND", "cpu");
};

}  // namespace samebits::tests
