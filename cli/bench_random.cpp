// samebits bench random: samples a second of the distributions, beside NumPy.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "cli/bench.hpp"
#include "cli/numbers.hpp"
#include "cli/numpy_peer.hpp"
#include "cli/progress.hpp"
#include "samebits/digest.hpp"
#include "samebits/random.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t n_refilled = 1 << 16;  // numbers in a buffer that stays in the cache

struct random_bench_options {
  std::uint64_t n = 1 << 24;
  int repeat = 5;
  bool all = false;
  bool as_json = false;
  std::string python = "python3";
  compute_options compute;
};

// ---- what is drawn
// ----------------------------------------------------------------------------------------------------

struct job {
  std::string name;
  samebits_dtype dtype;
  samebits_distribution distribution;
  const char* numpy;  // the same in Python, as numpy_peer takes it; NULL where NumPy has nothing like it
};

/// 1, 2, ..., 1000.
std::span<const double> thousand_weights() {
  static const std::vector<double> weights = [] {
    std::vector<double> w(1000);
    for (std::size_t i = 0; i < w.size(); ++i) {
      w[i] = static_cast<double>(i + 1);
    }
    return w;
  }();
  return weights;
}

/// Mean 0 and the factor 1 / (1 + i - j) of a normal of 8 columns.
std::span<const double> eight_columns() {
  static const std::vector<double> mean_and_factor = [] {
    std::vector<double> v(8 + 8 * 8);
    for (std::size_t i = 0; i < 8; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        v[8 + 8 * i + j] = 1.0 / static_cast<double>(1 + i - j);
      }
    }
    return v;
  }();
  return mean_and_factor;
}

std::vector<job> jobs() {
  constexpr samebits_dtype f64 = SAMEBITS_FLOAT64;
  constexpr samebits_dtype f32 = SAMEBITS_FLOAT32;
  constexpr samebits_dtype i64 = SAMEBITS_INT64;
  static constexpr std::array<double, 8> concentrations = {0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4};
  // NumPy's functions without out= make a new array in every call, as all their users have them do.
  return {
      {"words", SAMEBITS_UINT32, dist::words{}, "g.integers(0, 2**32, n, dtype=np.uint32)"},
      {"words64", SAMEBITS_UINT64, dist::words64{}, "g.bit_generator.random_raw(n)"},
      {"uniform", f64, dist::uniform{}, "g.random(out=out)"},
      {"uniform", f32, dist::uniform{}, "g.random(dtype=np.float32, out=out)"},
      {"integers 10^12", SAMEBITS_UINT64, dist::integers{1'000'000'000'000},
       "g.integers(0, 10**12, n, dtype=np.uint64)"},
      {"normal", f64, dist::normal{}, "g.standard_normal(out=out)"},
      {"normal", f32, dist::normal{}, "g.standard_normal(dtype=np.float32, out=out)"},
      {"exponential", f64, dist::exponential{}, "g.standard_exponential(out=out)"},
      {"exponential", f32, dist::exponential{}, "g.standard_exponential(dtype=np.float32, out=out)"},
      {"lognormal", f64, dist::lognormal{}, "g.lognormal(0.0, 1.0, n)"},
      {"gamma 2.5", f64, dist::gamma{.shape = 2.5}, "g.standard_gamma(2.5, out=out)"},
      {"beta 2.5 1.5", f64, dist::beta{2.5, 1.5}, "g.beta(2.5, 1.5, n)"},
      {"student_t 5", f64, dist::student_t{5}, "g.standard_t(5.0, n)"},
      {"von_mises 0.5 2", f64, dist::von_mises{0.5, 2}, "g.vonmises(0.5, 2.0, n)"},
      {"truncated_normal 1 3", f64, dist::truncated_normal{.low = 1, .high = 3}, nullptr},
      {"poisson 3", i64, dist::poisson{3}, "g.poisson(3.0, n)"},
      {"poisson 100", i64, dist::poisson{100}, "g.poisson(100.0, n)"},
      {"binomial 100 0.3", i64, dist::binomial{100, 0.3}, "g.binomial(100, 0.3, n)"},
      {"categorical 1000", i64, dist::categorical{thousand_weights()}, "g.choice(1000, n, p=weights)"},
      {"multivariate_normal 8", f64, dist::multivariate_normal{8, eight_columns()},
       "g.multivariate_normal(np.zeros(8), covariance, n, method='cholesky')"},
      {"dirichlet 8", f64, dist::dirichlet{concentrations}, "g.dirichlet(np.arange(1, 9) / 2, n)"},
  };
}

// ---- measuring
// --------------------------------------------------------------------------------------------------------

/// A number of samples, drawn by calls for so many each.
struct work {
  std::uint64_t n;  // samples of a call
  std::uint64_t n_calls;
  std::uint64_t sample_size;  // bytes

  double samples() const { return static_cast<double>(n) * static_cast<double>(n_calls); }
};

/// The same work in one large buffer and in a small one, filled again and again.
struct both_times {
  run_times buffer;
  run_times refilled;
};

struct place_result {
  context where;
  both_times times;
  std::string digest;
};

struct job_result {
  job what;
  work buffer;
  work refilled;
  std::vector<place_result> places;
  both_times numpy;  // empty: not measured

  bool has_numpy() const { return !numpy.buffer.seconds.empty(); }
};

constexpr stream_id stream = {1, 0};

/// Samples 0, 1, ... of the work, whose calls all use the same buffer.
template <class T>
double seconds_of_work(const context& ctx, const job& j, const work& w, std::span<T> buffer) {
  return seconds_of([&] {
    for (std::uint64_t call = 0; call < w.n_calls; ++call) {
      fill(ctx, j.distribution, stream, call * w.n, buffer);
    }
  });
}

class measurement {
 public:
  measurement(const random_bench_options& o, std::vector<context> places)
      : options_(o), places_(std::move(places)), numpy_(o.python) {}

  const std::string& numpy_version() const { return numpy_.version(); }

  std::vector<job_result> run(std::uint64_t n_numbers) {
    std::vector<job_result> results;
    const std::vector<job> all = jobs();
    progress bar;
    for (const job& j : all) {
      const auto row = static_cast<std::uint64_t>(row_size(j.distribution));
      with_type(j.dtype, [&](auto zero) {
        const std::uint64_t sample_size = row * sizeof(zero);
        const std::uint64_t n = std::max<std::uint64_t>(1, n_numbers / row);
        const std::uint64_t n_small = std::min(n, n_refilled / row);
        job_result result{j, {n, 1, sample_size}, {n_small, n / n_small, sample_size}, {}, {}};
        for (const context& place : places_) {
          result.places.push_back({place, {}, ""});
        }
        const double done = static_cast<double>(results.size());
        measure<decltype(zero)>(result, row, [&](double share) {
          bar.show((done + share) / static_cast<double>(all.size()), j.name + " " + dtype_name(j.dtype));
        });
        results.push_back(std::move(result));
      });
    }
    return results;
  }

 private:
  /// All places and NumPy in turn, so that what disturbs the machine for a while disturbs all of them.
  template <class T, class Show>
  void measure(job_result& result, std::uint64_t row, const Show& show) {
    std::vector<T> buffer(result.buffer.n * row);
    const std::span<T> small = std::span(buffer).first(result.refilled.n * row);
    for (int run = 0; run < options_.repeat; ++run) {
      show(static_cast<double>(run) / options_.repeat);
      for (place_result& place : result.places) {
        stop_if_interrupted();
        place.times.refilled.seconds.push_back(seconds_of_work(place.where, result.what, result.refilled, small));
        place.times.buffer.seconds.push_back(
            seconds_of_work(place.where, result.what, result.buffer, std::span(buffer)));
        if (place.digest.empty()) {
          sha256 hash;
          hash.update(little_endian_bytes(std::span(buffer)));
          place.digest = digest_text(hash.finish());
        }
      }
      if (!numpy_.version().empty() && result.what.numpy != nullptr) {
        stop_if_interrupted();
        result.numpy.refilled.seconds.push_back(numpy_seconds(result.what, result.refilled));
        result.numpy.buffer.seconds.push_back(numpy_seconds(result.what, result.buffer));
      }
    }
  }

  double numpy_seconds(const job& j, const work& w) {
    return numpy_.seconds_of(j.numpy, dtype_name(j.dtype), w.n, w.n_calls);
  }

  static void stop_if_interrupted() {
    if (interrupted()) {
      throw samebits::interrupted("bench random: stopped by Ctrl-C");
    }
  }

  const random_bench_options& options_;
  std::vector<context> places_;
  numpy_peer numpy_;
};

// ---- results
// ----------------------------------------------------------------------------------------------------------

double samples_per_second(const work& w, const run_times& t) { return w.samples() / t.best(); }

double bytes_per_second(const work& w, const run_times& t) {
  return samples_per_second(w, t) * static_cast<double>(w.sample_size);
}

std::string title(const random_bench_options& o, std::uint64_t n, const std::vector<context>& places,
                  const std::string& numpy) {
  char text[512];
  std::snprintf(text, sizeof text,
                "%llu numbers on %d thread%s, the fastest of %d runs: into one buffer, and into %llu numbers refilled "
                "again and again\nPeer: %s%s\n",
                static_cast<unsigned long long>(n), places.front().n_threads(),
                places.front().n_threads() == 1 ? "" : "s", o.repeat,
                static_cast<unsigned long long>(std::min(n, n_refilled)),
                numpy.empty() ? "none, since there is no NumPy in " : "one thread of Generator(Philox) of NumPy ",
                numpy.empty() ? o.python.c_str() : numpy.c_str());
  return text;
}

void print_results(const std::vector<job_result>& results) {
  std::printf("%-22s %-8s %-12s  %10s %8s  %10s %8s  %10s %10s  %7s %8s  %s\n", "", "", "", "one buffer", "",
              "refilled", "", "NumPy", "", "ratio", "", "");
  std::printf("%-22s %-8s %-12s  %10s %8s  %10s %8s  %10s %10s  %7s %8s  %s\n", "distribution", "type", "where", "M/s",
              "GB/s", "M/s", "GB/s", "buffer M/s", "refilled", "buffer", "refilled", "digest");
  for (const job_result& r : results) {
    for (const place_result& p : r.places) {
      const double buffer = samples_per_second(r.buffer, p.times.buffer);
      const double refilled = samples_per_second(r.refilled, p.times.refilled);
      std::printf("%-22s %-8s %-12s  %10.1f %8.2f  %10.1f %8.2f  ", r.what.name.c_str(), dtype_name(r.what.dtype),
                  (std::string(p.where.backend()) + " " + p.where.isa()).c_str(), buffer * 1e-6,
                  bytes_per_second(r.buffer, p.times.buffer) * 1e-9, refilled * 1e-6,
                  bytes_per_second(r.refilled, p.times.refilled) * 1e-9);
      if (r.has_numpy()) {
        const double numpy_buffer = samples_per_second(r.buffer, r.numpy.buffer);
        const double numpy_refilled = samples_per_second(r.refilled, r.numpy.refilled);
        std::printf("%10.1f %10.1f  %7.2f %8.2f", numpy_buffer * 1e-6, numpy_refilled * 1e-6, buffer / numpy_buffer,
                    refilled / numpy_refilled);
      } else {
        std::printf("%10s %10s  %7s %8s", "-", "-", "-", "-");
      }
      std::printf("  %.23s\n", p.digest.c_str());
    }
  }
}

json times_json(const job_result& r, const both_times& t) {
  const auto one = [](const work& w, const run_times& times) {
    return json{{"seconds", times.json()},
                {"samples_per_second", samples_per_second(w, times)},
                {"bytes_per_second", bytes_per_second(w, times)}};
  };
  return {{"buffer", one(r.buffer, t.buffer)}, {"refilled", one(r.refilled, t.refilled)}};
}

json results_json(const random_bench_options& o, std::uint64_t n, const std::string& numpy,
                  const std::vector<job_result>& results) {
  json answer = json_header();
  answer["benchmark"] = "random";
  answer["n"] = n;
  answer["n_refilled"] = std::min(n, n_refilled);
  answer["repeat"] = o.repeat;
  answer["numpy"] = numpy.empty() ? json(nullptr) : json(numpy);
  answer["results"] = json::array();
  for (const job_result& r : results) {
    for (const place_result& p : r.places) {
      json result = {{"distribution", r.what.name},
                     {"dtype", dtype_name(r.what.dtype)},
                     {"backend", p.where.backend()},
                     {"isa", p.where.isa()},
                     {"threads", p.where.n_threads()}};
      result.update(times_json(r, p.times));
      result["numpy"] = r.has_numpy() ? times_json(r, r.numpy) : json(nullptr);
      result["digest"] = p.digest;
      answer["results"].push_back(result);
    }
  }
  return answer;
}

/// Numbers that fit into a quarter of the machine's memory, at most those asked for.
std::uint64_t capped(std::uint64_t n) {
  const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  const auto page_size = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
  return std::min(n, std::max(n_refilled, pages * page_size / 4 / sizeof(double)));
}

int run(const random_bench_options& o) {
  const std::vector<context> places = bench_contexts(o.compute, o.all);
  const std::uint64_t n = capped(o.n);
  measurement m(o, places);
  const std::vector<job_result> results = m.run(n);
  if (o.as_json) {
    print_json(results_json(o, n, m.numpy_version(), results));
  } else {
    std::printf("%s\n", title(o, n, places, m.numpy_version()).c_str());
    print_results(results);
  }
  const bool agree =
      std::all_of(results.begin(), results.end(), [](const job_result& r) { return digests_agree(r.places); });
  return agree ? exit_done : exit_failed;
}

}  // namespace

void add_bench_random(CLI::App& bench, int& result) {
  CLI::App* const command = bench.add_subcommand(
      "random", "Random numbers of many distributions, beside NumPy's Generator(Philox) where there is one");
  const auto o = std::make_shared<random_bench_options>();
  o->compute.n_threads = 1;
  command->add_option("--n", o->n, "numbers in the buffer; a quarter of the memory at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--repeat", o->repeat, "runs; the table shows the fastest")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--python", o->python, "a Python with NumPy")->capture_default_str();
  command->add_flag("--all", o->all,
                    "every available backend and instruction set side by side; exit 1 if digests differ");
  command->add_flag("--json", o->as_json, "print JSON");
  o->compute.add_to(*command);
  command->callback([o, &result] { result = run(*o); });
}

}  // namespace samebits::cli
