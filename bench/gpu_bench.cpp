// How fast the library is on a GPU: every figure beside the roof of the same run that it is held against, and beside
// other people's programs. Data and results stay on the device.
//
//   gpu_bench [--backend NAME] [--digests-only | --full-digests] [--only TEXT] [--after NAME] [--repeat N] [--list]
//
//   --backend NAME   default cuda. Others have neither roofs nor peers: they show the digests that belong to the rows
//   --digests-only   small sizes, no clock: is every digest that of the CPU?
//   --full-digests   each row once, in full size: the rows of `gpu_bench --backend cpu --full-digests` are in
//                    gpu_digests.jsonl
//   --only TEXT      only rows with TEXT in their names
//   --after NAME     only rows that come after this one
//   --repeat N       measurements of each row, at most; default 7
//   --list           the names of the rows
//
// Prints a line of JSON for each fact, roof and row as soon as it is known, and one when a row begins. Exits with 1
// when a row failed or a digest differs, 2 when it was called wrongly, 3 when there is no device, 9 when the device is
// lost to this process or a row takes too long: then the rows after the one that began last want another process.
#include "gpu_bench.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "samebits/version.hpp"

namespace samebits::bench {
namespace {

using json = nlohmann::ordered_json;

struct bench_options {
  std::string backend = "cuda";
  bool digests_only = false;
  bool full_digests = false;
  bool list = false;
  std::string only;
  std::string after;
  int repeat = 7;

  bool on_device() const { return backend == "cuda"; }
};

void print(const json& line) {
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

// ---- what does not end -------------------------------------------------------------------------------------------

constexpr int exit_device_lost = 9;

char line_of_the_late[256];

void end_late(int) {
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, line_of_the_late, std::strlen(line_of_the_late));
  _exit(exit_device_lost);
}

/// Ends the process, with an error as the row's line, when the row is not over in time.
void allow_seconds(unsigned seconds, const std::string& row) {
  std::snprintf(line_of_the_late, sizeof(line_of_the_late),
                "{\"row\":\"%s\",\"shape\":\"\",\"error\":\"not over after %u s\"}\n", row.c_str(), seconds);
  std::signal(SIGALRM, end_late);
  alarm(seconds);
}

// ---- roofs -------------------------------------------------------------------------------------------------------

using rates = std::map<std::string, double>;

rates print_roofs(const bench_options& o) {
  rates known;
  if (!o.on_device() || o.digests_only || o.full_digests) {
    return known;
  }
  for (const roof& r : measured_roofs()) {
    known[r.name] = r.rate;
    print({{"roof", r.name}, {"rate", r.rate}, {"unit", r.unit}});
  }
  return known;
}

/// The shortest time for the work by each roof that is known; 0 where it needs nothing of the kind.
std::map<std::string, double> floors(const work& w, const rates& roofs) {
  const auto seconds = [&](double amount, const char* name) {
    const auto found = roofs.find(name);
    return found == roofs.end() || found->second <= 0 ? 0 : amount / found->second;
  };
  return {{"memory", seconds(w.bytes_read, "read") + seconds(w.bytes_written, "store")},
          {"double", seconds(w.flop_double, "double")},
          {"float", seconds(w.flop_float, "float")},
          {"copies", std::max(seconds(w.bytes_each_way, "upload"), seconds(w.bytes_each_way, "download"))}};
}

/// The roof that the work meets first, and how near it comes.
json share_json(const operation& o, double seconds, const rates& roofs) {
  json shares = json::object();
  std::pair<std::string, double> lowest = {"", 0};
  for (const auto& [name, floor] : floors(o.needs, roofs)) {
    if (floor > 0) {
      shares[name] = floor / seconds;
    }
    if (floor > lowest.second) {
      lowest = {name, floor};
    }
  }
  if (lowest.second == 0) {
    return json::object();
  }
  if (const auto tensor = roofs.find("double tensor"); tensor != roofs.end() && o.needs.flop_double > 0) {
    shares["double tensor"] = o.needs.flop_double / tensor->second / seconds;
  }
  return {{"roof", lowest.first}, {"floor", lowest.second}, {"share", lowest.second / seconds}, {"shares", shares}};
}

// ---- rows --------------------------------------------------------------------------------------------------------

json seconds_json(const contender& c) {
  return {{"min", best(c.seconds)}, {"median", median(c.seconds)}, {"runs", c.seconds.size()}, {"batch", c.batch}};
}

json rates_json(const work& w, double seconds) {
  json rate = json::object();
  if (w.bytes_read + w.bytes_written > 0) {
    rate["bytes_per_second"] = (w.bytes_read + w.bytes_written) / seconds;
  }
  if (w.flop_double + w.flop_float > 0) {
    rate["flop_per_second"] = (w.flop_double + w.flop_float) / seconds;
  }
  return rate;
}

json peer_json(const contender& peer, double ours) {
  if (peer.seconds.empty()) {
    return {{"name", peer.name}, {"note", peer.note}};
  }
  return {{"name", peer.name}, {"seconds", seconds_json(peer)}, {"ratio", best(peer.seconds) / ours}};
}

json measured_row(const bench_options& o, const context& ctx, const operation& what, const rates& roofs) {
  const job ours = what.prepare(ctx);
  std::vector<contender> contenders = {{"samebits", ours.run}};
  if (o.on_device()) {
    for (contender& peer : peers_of(what)) {
      contenders.push_back(std::move(peer));
    }
  }
  measure_in_turn(contenders, o.repeat, [&] {
    ctx.synchronize();
    if (o.on_device()) {
      wait_for_device();
    }
  });
  const contender& first = contenders.front();
  if (first.seconds.empty()) {
    throw backend_failure(first.note);  // whatever it was, the device may be lost to this process
  }
  const double seconds = best(first.seconds);
  json row = {{"row", what.name}, {"shape", what.shape}, {"seconds", seconds_json(first)}};
  row.update(rates_json(what.needs, seconds));
  row.update(share_json(what, seconds, roofs));
  row["peers"] = json::array();
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    row["peers"].push_back(peer_json(contenders[i], seconds));
  }
  row["digest"] = ours.digest();
  return row;
}

std::string digest_on(const context& ctx, const operation& what) {
  const job work = what.prepare(ctx);
  work.run();
  ctx.synchronize();
  return work.digest();
}

json compared_row(const context& ctx, const operation& what) {
  const std::string here = digest_on(ctx, what);
  const std::string cpu = digest_on(context({"cpu", "", 0}), what);
  return {{"row", what.name}, {"shape", what.shape}, {"digest", here}, {"cpu_digest", cpu}, {"identical", here == cpu}};
}

json unmeasured_row(const context& ctx, const operation& what) {
  return {{"row", what.name}, {"shape", what.shape}, {"digest", digest_on(ctx, what)}};
}

json row_json(const bench_options& o, const context& ctx, const operation& what, const rates& roofs) {
  return o.digests_only   ? compared_row(ctx, what)
         : o.full_digests ? unmeasured_row(ctx, what)
                          : measured_row(o, ctx, what, roofs);
}

void print_error(const operation& what, const std::exception& e) {
  print({{"row", what.name}, {"shape", what.shape}, {"error", e.what()}});
}

/// False when the row failed, or has other bits than the CPU's.
bool print_row(const bench_options& o, const context& ctx, const operation& what, const rates& roofs) {
  print({{"begins", what.name}});
  if (o.on_device()) {
    allow_seconds(o.digests_only ? 20 : 45, what.name);
  }
  try {
    const json row = row_json(o, ctx, what, roofs);
    print(row);
    return row.value("identical", true);
  } catch (const backend_failure& e) {
    print_error(what, e);
    throw;
  } catch (const std::exception& e) {
    print_error(what, e);
    return false;
  }
}

// ---- the program -------------------------------------------------------------------------------------------------

void print_facts(const bench_options& o, const context& ctx) {
  json line = {{"version", SAMEBITS_VERSION}, {"backend", ctx.backend()}, {"isa", ctx.isa()}};
  if (o.on_device()) {
    for (const auto& [name, value] : device_facts()) {
      line[name] = value;
    }
    line["cccl"] = cccl_version();
  }
  print({{"facts", line}});
}

int run(const bench_options& o) {
  const std::vector<operation> all = operations(o.digests_only);
  if (o.list) {
    for (const operation& what : all) {
      std::printf("%s\n", what.name.c_str());
    }
    return 0;
  }
  const context ctx({o.backend, "", 0});
  print_facts(o, ctx);
  const rates roofs = print_roofs(o);
  bool good = true;
  bool has_come = o.after.empty();
  for (const operation& what : all) {
    if (has_come && what.name.find(o.only) != std::string::npos) {
      good = print_row(o, ctx, what, roofs) && good;
    }
    has_come = has_come || what.name == o.after;
  }
  return good ? 0 : 1;
}

int usage() {
  std::fprintf(
      stderr,
      "usage: gpu_bench [--backend NAME] [--digests-only | --full-digests] [--only TEXT] [--after NAME] [--repeat N] "
      "[--list]\n");
  return 2;
}

/// False when the words make no sense.
bool read_options(int argc, char** argv, bench_options& o) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--digests-only") {
      o.digests_only = true;
    } else if (word == "--full-digests") {
      o.full_digests = true;
    } else if (word == "--list") {
      o.list = true;
    } else if (word == "--backend" && has_value) {
      o.backend = argv[++i];
    } else if (word == "--only" && has_value) {
      o.only = argv[++i];
    } else if (word == "--after" && has_value) {
      o.after = argv[++i];
    } else if (word == "--repeat" && has_value) {
      o.repeat = std::atoi(argv[++i]);
    } else {
      return false;
    }
  }
  return o.repeat >= 1 && !(o.digests_only && o.full_digests);
}

}  // namespace
}  // namespace samebits::bench

int main(int argc, char** argv) {
  samebits::bench::bench_options options;
  if (!samebits::bench::read_options(argc, argv, options)) {
    return samebits::bench::usage();
  }
  try {
    return samebits::bench::run(options);
  } catch (const samebits::backend_unavailable& e) {
    std::fprintf(stderr, "gpu_bench: no device: %s\n", e.what());
    return 3;
  } catch (const samebits::backend_failure& e) {
    std::fprintf(stderr, "gpu_bench: %s\n", e.what());
    return samebits::bench::exit_device_lost;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "gpu_bench: %s\n", e.what());
    return 1;
  }
}
