// samebits check: the same jobs on every backend, instruction set and thread count, against the goldens.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "cli/check_jobs.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "samebits/error.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

struct check_options {
  bool as_json = false;
  bool print_goldens = false;
  compute_options compute;
};

/// One job on one backend, instruction set and number of threads.
struct check_result {
  std::string backend;
  std::string isa;
  int n_threads;
  std::string job;
  std::uint64_t digest;    // of the last stage
  std::string difference;  // empty: the goldens' bits in every stage
};

/// The first stage that differs from the golden.
std::string first_difference(const std::vector<stage>& stages, const std::vector<std::uint64_t>& golden) {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (i >= golden.size()) {
      return "no golden for " + stages[i].name;
    }
    if (stages[i].digest != golden[i]) {
      return "first differs at " + stages[i].name;
    }
  }
  return stages.size() < golden.size()
             ? "ends after " + std::to_string(stages.size()) + " of " + std::to_string(golden.size()) + " stages"
             : "";
}

check_result check_one(const context& ctx, const check_job& job) {
  check_result result{ctx.backend(), ctx.isa(), ctx.n_threads(), job.name, 0, ""};
  try {
    const std::vector<stage> stages = job.run(ctx);
    result.digest = stages.back().digest;
    result.difference = first_difference(stages, golden_digests(job.name));
  } catch (const error& e) {
    result.difference = e.what();
  }
  return result;
}

/// 1, 2, 3 and all threads, or the number asked for. A device has no CPU threads to vary.
std::set<int> thread_counts(const context& ctx, const check_options& o) {
  if (o.compute.n_threads != 0) {
    return {o.compute.n_threads};
  }
  if (std::string(ctx.backend()) != "cpu") {
    return {ctx.n_threads()};
  }
  return {1, 2, 3, context({"cpu", ctx.isa(), 0}).n_threads()};
}

/// True where the devices asked for are GPUs that must be there: the CPU has a device 0 too, and all may be none.
bool needs_gpu(const compute_options& compute) {
  return !compute.device.empty() && compute.device != "0" && compute.device != "all";
}

/// Every available backend and instruction set, or those asked for.
std::vector<context> contexts(const check_options& o) {
  std::vector<std::pair<std::string, std::string>> names;
  if (!o.compute.backend.empty() && o.compute.backend != "cpu") {
    names.emplace_back(o.compute.backend, "");
  } else if (!o.compute.isa.empty()) {
    names.emplace_back("cpu", o.compute.isa);
  } else {
    for (const backend_info& b : list_backends()) {
      const bool is_wanted = b.available || (b.backend != "cpu" && needs_gpu(o.compute));
      if (is_wanted && (o.compute.backend.empty() || b.backend == o.compute.backend)) {
        names.emplace_back(b.backend, b.backend == "cpu" ? b.isa : "");
      }
    }
  }
  std::vector<context> found;
  for (const auto& [backend, isa] : names) {
    for (const int n_threads : thread_counts(o.compute.on(backend, isa, 1), o)) {
      found.push_back(o.compute.on(backend, isa, n_threads));
    }
  }
  return found;
}

/// Tells a wrong backend from a stale golden: what differs from the golden is compared with the first result of its
/// job.
void compare_with_first(std::vector<check_result>& results) {
  std::map<std::string, const check_result*> first;
  for (check_result& r : results) {
    const check_result& other = *first.try_emplace(r.job, &r).first->second;
    if (&other == &r || (r.difference.empty() && r.digest == other.digest)) {
      continue;
    }
    const std::string name = other.backend + " " + other.isa + " on " + std::to_string(other.n_threads) +
                             (other.n_threads == 1 ? " thread" : " threads");
    r.difference += (r.difference.empty() ? "" : "; ") +
                    std::string(r.digest == other.digest ? "ends like " : "ends unlike ") + name;
  }
}

std::vector<check_result> run_checks(const std::vector<context>& where) {
  std::vector<check_result> results;
  progress bar;
  const double n = static_cast<double>(where.size() * check_jobs().size());
  for (const context& ctx : where) {
    for (const check_job& job : check_jobs()) {
      if (interrupted()) {
        throw samebits::interrupted("check: stopped by Ctrl-C");
      }
      bar.show(static_cast<double>(results.size()) / n, std::string(ctx.backend()) + " " + ctx.isa() + ", " + job.name);
      results.push_back(check_one(ctx, job));
    }
  }
  compare_with_first(results);
  return results;
}

void print_results(const std::vector<check_result>& results) {
  std::printf("%-16s %-8s %7s  %-24s %-16s  %s\n", "backend", "isa", "threads", "job", "digest", "against the golden");
  for (const check_result& r : results) {
    std::printf("%-16s %-8s %7d  %-24s %016" PRIx64 "  %s\n", r.backend.c_str(), r.isa.c_str(), r.n_threads,
                r.job.c_str(), r.digest, r.difference.empty() ? "same" : r.difference.c_str());
  }
}

void print_json_results(const std::vector<check_result>& results, bool identical) {
  json answer = json_header();
  answer["identical"] = identical;
  answer["results"] = json::array();
  for (const check_result& r : results) {
    char digest[17];
    std::snprintf(digest, sizeof digest, "%016" PRIx64, r.digest);
    answer["results"].push_back({{"backend", r.backend},
                                 {"isa", r.isa},
                                 {"threads", r.n_threads},
                                 {"job", r.job},
                                 {"digest", digest},
                                 {"same", r.difference.empty()},
                                 {"difference", r.difference}});
  }
  print_json(answer);
}

/// The lines of cli/goldens.inc.
void print_goldens(const context& ctx) {
  for (const check_job& job : check_jobs()) {
    for (const stage& s : job.run(ctx)) {
      std::printf("{\"%s\", 0x%016" PRIx64 "},  // %s\n", job.name, s.digest, s.name.c_str());
    }
  }
}

int run(const check_options& o) {
  if (o.print_goldens) {
    print_goldens(o.compute.context());
    return exit_done;
  }
  const std::vector<context> where = contexts(o);
  const std::vector<check_result> results = run_checks(where);
  const auto n_different =
      std::count_if(results.begin(), results.end(), [](const check_result& r) { return !r.difference.empty(); });
  if (o.as_json) {
    print_json_results(results, n_different == 0);
  } else {
    print_results(results);
    if (n_different == 0) {
      std::printf("\nidentical: %zu results have the goldens' bits\n", results.size());
    } else {
      std::printf("\nDIFFERENT: %td of %zu results\n", n_different, results.size());
    }
  }
  return n_different == 0 ? exit_done : exit_failed;
}

}  // namespace

void add_check(CLI::App& app, int& result) {
  CLI::App* const command =
      app.add_subcommand("check",
                         "Prove that this machine computes the same bits on every backend, instruction set "
                         "and thread count; exit 1 on any difference");
  const auto o = std::make_shared<check_options>();
  command->add_flag("--json", o->as_json, "print JSON");
  command->add_flag("--print-goldens", o->print_goldens)->group("");  // for cli/goldens.inc
  o->compute.add_to(*command);
  command->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
