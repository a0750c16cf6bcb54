#include "cli/numpy_peer.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "samebits/error.hpp"

extern char** environ;

namespace samebits::cli {
namespace {

// Ctrl-C is for the other process, which then closes standard input.
constexpr const char* script = R"python(
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    import numpy as np
    g = np.random.Generator(np.random.Philox(1))
except Exception:
    sys.exit()
print(np.__version__, flush=True)

weights = np.arange(1.0, 1001.0) / 500500.0
factor = np.tril(1.0 / (1.0 + np.abs(np.subtract.outer(np.arange(8), np.arange(8)))))
covariance = factor @ factor.T

for line in sys.stdin:
    dtype, n, n_calls, expression = line.rstrip("\n").split(" ", 3)
    n, n_calls = int(n), int(n_calls)
    out = np.ones(n, dtype)
    call = eval("lambda: " + expression)
    begin = time.perf_counter()
    for _ in range(n_calls):
        call()
    print(time.perf_counter() - begin, flush=True)
)python";

/// The process, with the socket as its standard input and output; -1 if it cannot be started.
pid_t start(const std::string& python, int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const char* const arguments[] = {python.c_str(), "-c", script, nullptr};
  pid_t process = -1;
  const int failure =
      ::posix_spawnp(&process, python.c_str(), &actions, nullptr, const_cast<char* const*>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failure == 0 ? process : -1;
}

}  // namespace

numpy_peer::numpy_peer(const std::string& python) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return;
  }
  socket_ = ends[0];
  process_ = start(python, ends[1]);
  ::close(ends[1]);
  if (process_ >= 0) {
    version_ = listen();
  }
}

numpy_peer::~numpy_peer() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
  while (process_ >= 0 && ::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

double numpy_peer::seconds_of(const std::string& expression, const std::string& dtype, std::uint64_t n,
                              std::uint64_t n_calls) {
  say(dtype + " " + std::to_string(n) + " " + std::to_string(n_calls) + " " + expression + "\n");
  const std::string answer = listen();
  if (answer.empty()) {
    throw error(SAMEBITS_INTERNAL, "bench random: NumPy failed at " + expression);
  }
  return std::strtod(answer.c_str(), nullptr);
}

void numpy_peer::say(const std::string& line) const {
  // A process that has ended shows when it does not answer.
  (void)!::send(socket_, line.data(), line.size(), MSG_NOSIGNAL);
}

/// The next line without its end; empty when there is none.
std::string numpy_peer::listen() const {
  std::string line;
  for (;;) {
    char c = 0;
    const ssize_t n = ::recv(socket_, &c, 1, 0);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return "";
    }
    if (c == '\n') {
      return line;
    }
    line += c;
  }
}

}  // namespace samebits::cli
