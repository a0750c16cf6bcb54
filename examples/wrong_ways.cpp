// Four ways to seed parallel work that go wrong, what each does to results, and the same work keyed by task.
// docs/parallel-random-numbers.md explains them.
//
//   ./wrong_ways
//
// The generators are the standard library's. They have no fault here: any others do the same.
#include <omp.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "samebits/stream.hpp"

// How many of 1,000 random points of the unit square lie in the quarter circle.
template <class Generator>
static std::int64_t count_inside(Generator&& random) {
  std::int64_t n_inside = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t x = random();
    const std::uint64_t y = random();
    n_inside += ((x * x) >> 2) + ((y * y) >> 2) < (std::uint64_t{1} << 62) ? 1 : 0;
  }
  return n_inside;
}

// ---- 1 and 2: a copy of one generator for every worker, and seed + i ----------------------------------------------

static std::int64_t count_with_a_copy(unsigned seed, unsigned) {
  const std::mt19937 generator(seed);
  return count_inside(std::mt19937(generator));  // what fork(), firstprivate and a global seed come to
}
static std::int64_t count_with_seed_plus_worker(unsigned seed, unsigned worker) {
  return count_inside(std::mt19937(seed + worker));
}
static std::int64_t count_by_task(unsigned seed, unsigned task) { return count_inside(samebits::stream(seed, task)); }

constexpr int n_workers = 8;

// The same experiment with the seeds 0, 1, 2, ..., 1999: each time the count of all workers together.
template <class CountOfWorker>
static std::vector<double> experiments(const CountOfWorker& count_of_worker) {
  std::vector<double> counts;
  for (unsigned seed = 0; seed < 2'000; ++seed) {
    std::int64_t count = 0;
    for (unsigned worker = 0; worker < n_workers; ++worker) {
      count += count_of_worker(seed, worker);
    }
    counts.push_back(static_cast<double>(count));
  }
  return counts;
}

// The covariance of an experiment with the one `lag` seeds later.
static double covariance(const std::vector<double>& counts, std::size_t lag) {
  double mean = 0;
  for (const double count : counts) {
    mean += count / static_cast<double>(counts.size());
  }
  double sum = 0;
  for (std::size_t i = lag; i < counts.size(); ++i) {
    sum += (counts[i] - mean) * (counts[i - lag] - mean);
  }
  return sum / static_cast<double>(counts.size() - lag);
}

static void copies_and_consecutive_seeds() {
  const std::vector<double> copied = experiments(count_with_a_copy);
  const std::vector<double> consecutive = experiments(count_with_seed_plus_worker);
  const std::vector<double> keyed = experiments(count_by_task);

  const double p = std::acos(-1.0) / 4;
  const double standard_error = std::sqrt(n_workers * 1'000 * p * (1 - p));
  std::printf("1. copies: the true error is %.1f standard errors; keyed by task %.1f\n",
              std::sqrt(covariance(copied, 0)) / standard_error, std::sqrt(covariance(keyed, 0)) / standard_error);
  std::printf("2. seed + i: experiments with consecutive seeds correlate by %.2f; keyed by task %.2f\n",
              covariance(consecutive, 1) / covariance(consecutive, 0),
              std::fabs(covariance(keyed, 1) / covariance(keyed, 0)));
}

// ---- 3: a seed for every worker -----------------------------------------------------------------------------------

static std::int64_t seeded_by_worker(int n_threads) {
  std::int64_t n_inside = 0;
#pragma omp parallel num_threads(n_threads) reduction(+ : n_inside)
  {
    std::mt19937 random(1'000U + static_cast<unsigned>(omp_get_thread_num()));
#pragma omp for schedule(static)
    for (int task = 0; task < 100; ++task) {
      n_inside += count_inside(random);
    }
  }
  return n_inside;
}

static std::int64_t keyed_by_task(int n_threads) {
  std::int64_t n_inside = 0;
#pragma omp parallel for num_threads(n_threads) reduction(+ : n_inside)
  for (int task = 0; task < 100; ++task) {
    n_inside += count_inside(samebits::stream(1'000, static_cast<std::uint64_t>(task)));
  }
  return n_inside;
}

static void seeds_of_workers() {
  std::printf("3. seeds of workers: 1, 2, 3 threads count");
  for (int n_threads = 1; n_threads <= 3; ++n_threads) {
    std::printf(" %lld", static_cast<long long>(seeded_by_worker(n_threads)));
  }
  std::printf("; keyed by task");
  for (int n_threads = 1; n_threads <= 3; ++n_threads) {
    std::printf(" %lld", static_cast<long long>(keyed_by_task(n_threads)));
  }
  std::printf("\n");
}

// ---- 4: children spawned in turn ----------------------------------------------------------------------------------

// The i-th call gives the i-th child, as NumPy's SeedSequence.spawn() does.
class spawner {
 public:
  std::mt19937 spawn() { return std::mt19937(static_cast<unsigned>(parent_())); }

 private:
  std::mt19937 parent_;
};

struct study {
  std::vector<std::int64_t> spawned;
  std::vector<std::int64_t> keyed;

  explicit study(const std::vector<const char*>& data_sets) {
    spawner parent;
    for (const std::string_view data_set : data_sets) {
      spawned.push_back(count_inside(parent.spawn()));
      keyed.push_back(count_inside(samebits::stream(samebits::stream_id{1, 0}.child(data_set))));
    }
  }
};

static void children_in_turn() {
  const study before({"faithful", "iris", "wine"});
  const study after({"blobs", "faithful", "iris", "wine"});
  int n_spawned = 0;
  int n_keyed = 0;
  for (std::size_t i = 0; i < before.keyed.size(); ++i) {
    n_spawned += before.spawned[i] != after.spawned[i + 1] ? 1 : 0;
    n_keyed += before.keyed[i] != after.keyed[i + 1] ? 1 : 0;
  }
  std::printf("4. children in turn: a new data set changes %d of 3 old results; keyed by name %d\n", n_spawned,
              n_keyed);
}

int main() {
  copies_and_consecutive_seeds();
  seeds_of_workers();
  children_in_turn();
  return 0;
}
