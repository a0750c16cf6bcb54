// What the subcommands share: where to compute, how to print, when to stop.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "samebits/context.hpp"
#include "samebits/stream.hpp"

namespace samebits::cli {

enum exit_code { exit_done = 0, exit_failed = 1, exit_bad_usage = 2, exit_no_backend = 3 };

/// Each adds its subcommand to the command; the callback of the one that was asked for sets `result`.
void add_info(CLI::App& app, int& result);
void add_fit(CLI::App& app, int& result);
void add_bench(CLI::App& app, int& result);
void add_check(CLI::App& app, int& result);
void add_random(CLI::App& app, int& result);
void add_predict(CLI::App& app, int& result);
void add_score(CLI::App& app, int& result);
void add_sample(CLI::App& app, int& result);
void add_select(CLI::App& app, int& result);
void add_summarize(CLI::App& app, int& result);
void add_pairwise(CLI::App& app, int& result);
void add_two_sample(CLI::App& app, int& result);

/// --backend, --isa, --threads and --device.
struct compute_options {
  std::string backend;
  std::string isa;
  int n_threads = 0;
  std::string device;  // a number, some with commas between them, or "all"

  void add_to(CLI::App& app);
  samebits::context context() const { return on(backend, isa, n_threads); }
  /// The devices asked for, elsewhere. The CPU takes no part in that choice unless it was asked for itself.
  samebits::context on(const std::string& backend_there, const std::string& isa_there, int n_threads_there) const;
};

/// The first lines of every JSON answer: version, numerics version; and where it was computed.
nlohmann::ordered_json json_header();
nlohmann::ordered_json json_header(const samebits::context& ctx);

/// A matrix, row-major at `values`, as an array of arrays.
nlohmann::ordered_json json_rows(const double* values, std::int64_t n_rows, std::int64_t n_cols);

/// Prints JSON and a newline to standard output.
void print_json(const nlohmann::ordered_json& value);

/// --seed and --task.
struct stream_options {
  std::string seed = "0";
  std::uint64_t task = 0;

  void add_to(CLI::App& app);
  stream_id stream() const;
};

/// The seed that the text is. Tells on standard error which one "entropy" gave.
std::uint64_t seed_of(const std::string& text);

/// True once the user has pressed Ctrl-C; a second press ends the process at once.
bool interrupted();
void catch_interrupts();

/// "4.20e-01" as people write it: 3 to 4 significant digits.
std::string short_number(double value);

}  // namespace samebits::cli
