#include "lib/several_devices.hpp"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "lib/distribution.hpp"
#include "lib/fp_environment.hpp"
#include "lib/over_threads.hpp"
#include "lib/registry.hpp"
#include "lib/summary_nodes.hpp"
#include "samebits/core/exact_sum.hpp"
#include "samebits/core/seeding.hpp"
#include "samebits/core/tree_sum.hpp"

namespace samebits {
namespace {

using core::leaf_rows;

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// ---- calls -------------------------------------------------------------------------------------------------------

samebits_status fail(samebits_call* call, samebits_status status, const char* message) {
  std::snprintf(call->message, samebits_message_size, "%s", message);
  return status;
}

/// Runs work(), whose status is the answer, and keeps exceptions on this side of the table.
template <class Work>
samebits_status answered(samebits_call* call, const Work& work) {
  const default_fp_environment environment;
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return fail(call, SAMEBITS_OUT_OF_MEMORY, "out of memory on the host");
  }
}

bool lie_on_host(const samebits_call& call, std::initializer_list<const void*> arrays) {
  const samebits_backend& each = *call.devices->each;
  return std::none_of(arrays.begin(), arrays.end(),
                      [&](const void* array) { return array != nullptr && each.is_on_device(array) != 0; });
}

samebits_status refuse_device_memory(samebits_call* call) {
  return fail(call, SAMEBITS_INVALID_ARGUMENT,
              "an array lies in the memory of a device but must lie in that of the host, because the context works on "
              "several devices");
}

// ---- parts -------------------------------------------------------------------------------------------------------

/// Some rows, and who works on them.
struct part {
  std::int64_t first;
  std::int64_t n;
  std::size_t device;  // its place in the list of devices
};

/// Groups of rows, of equal size but for the last one, with neighbours on one device.
std::vector<part> parts_of(std::int64_t n_rows, std::int64_t part_rows, std::size_t n_devices) {
  const std::int64_t n_parts = std::max<std::int64_t>((n_rows + part_rows - 1) / part_rows, 1);
  std::vector<part> parts;
  for (std::int64_t i = 0; i < n_parts; ++i) {
    const std::int64_t first = i * part_rows;
    parts.push_back(
        {first, std::min(part_rows, n_rows - first), static_cast<std::size_t>(i) * n_devices / size_of(n_parts)});
  }
  return parts;
}

/// Parts that are whole subtrees of the tree of sums: 4 to 8 for each device, where there are as many leaves.
std::vector<part> subtrees(const samebits_call& call, std::int64_t n_rows) {
  constexpr std::int64_t fewest_parts = 4;
  const std::size_t n_devices = call.devices->numbers.size();
  const std::int64_t n_leaves = (n_rows + leaf_rows - 1) / leaf_rows;
  std::int64_t n = 1;
  while (2 * n * fewest_parts * static_cast<std::int64_t>(n_devices) <= n_leaves) {
    n *= 2;
  }
  return parts_of(n_rows, n * leaf_rows, n_devices);
}

/// One part for each device, where there are rows enough, of work that any parts will do for.
std::vector<part> shares(std::int64_t n_rows, std::size_t n_devices) {
  constexpr std::int64_t fewest_rows = 64;
  const auto n = static_cast<std::int64_t>(n_devices);
  const std::int64_t fair = std::max<std::int64_t>((n_rows + n - 1) / n, 1);
  return parts_of(n_rows, (fair + fewest_rows - 1) / fewest_rows * fewest_rows, n_devices);
}

/// Calls work(call, i) for every part, those of a device one after the other in a host thread of its own. Of the
/// devices that fail the first one in the list is reported.
template <class Work>
samebits_status for_parts(samebits_call* call, const std::vector<part>& parts, const Work& work) {
  const std::vector<int>& numbers = call->devices->numbers;
  std::vector<samebits_call> calls(numbers.size(), *call);
  std::vector<samebits_status> answers(numbers.size(), SAMEBITS_OK);
  const auto n_threads = static_cast<int>(std::min(numbers.size(), parts.size()));
  over_threads(n_threads, std::ssize(numbers), [&](std::int64_t number) {
    const auto device = static_cast<std::size_t>(number);
    calls[device].device = numbers[device];
    calls[device].devices = nullptr;
    for (std::size_t i = 0; i < parts.size() && answers[device] == SAMEBITS_OK; ++i) {
      if (parts[i].device == device) {
        answers[device] = work(&calls[device], i);
      }
    }
  });
  const auto failed = std::find_if(answers.begin(), answers.end(), [](samebits_status s) { return s != SAMEBITS_OK; });
  return failed == answers.end()
             ? SAMEBITS_OK
             : fail(call, *failed, calls[static_cast<std::size_t>(failed - answers.begin())].message);
}

/// Calls merge(i, j) for parts that become one, i, by the dyadic tree over their numbers.
template <class Merge>
void fold_parts(std::size_t n_parts, const Merge& merge) {
  for (std::size_t step = 1; step < n_parts; step *= 2) {
    for (std::size_t i = 0; i + step < n_parts; i += 2 * step) {
      merge(i, i + step);
    }
  }
}

std::int64_t bytes_of(samebits_dtype dtype) {
  return dtype == SAMEBITS_FLOAT32 || dtype == SAMEBITS_UINT32 ? sizeof(float) : sizeof(double);
}

/// Element n of an array that may be null.
template <class T>
T* from(T* array, std::int64_t n) {
  return array == nullptr ? nullptr : array + n;
}
const void* from(const void* array, std::int64_t n, samebits_dtype dtype) {
  return from(static_cast<const char*>(array), n * bytes_of(dtype));
}
void* from(void* array, std::int64_t n, samebits_dtype dtype) {
  return from(static_cast<char*>(array), n * bytes_of(dtype));
}

// ---- elements ----------------------------------------------------------------------------------------------------

samebits_status map(samebits_call* call, samebits_map_function function, const double* in, std::int64_t n,
                    double* out) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {in, out})) {
      return refuse_device_memory(call);
    }
    const std::vector<part> parts = shares(n, call->devices->numbers.size());
    return for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
      return each->map(own, function, in + parts[i].first, parts[i].n, out + parts[i].first);
    });
  });
}

samebits_status fill(samebits_call* call, const samebits_sampling* sampling, std::int64_t n, void* out) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {out})) {
      return refuse_device_memory(call);
    }
    const std::int64_t row_size = checked_row_size(*sampling->distribution);
    const std::vector<part> parts = shares(n, call->devices->numbers.size());
    return for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
      samebits_sampling samples = *sampling;
      samples.first += static_cast<std::uint64_t>(parts[i].first);
      return each->fill(own, &samples, parts[i].n, from(out, parts[i].first * row_size, sampling->dtype));
    });
  });
}

/// The first device works alone.
samebits_status permute(samebits_call* call, std::uint64_t seed, std::uint64_t task, std::int64_t n,
                        std::int64_t* out) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {out})) {
      return refuse_device_memory(call);
    }
    return for_parts(call, {{0, n, 0}}, [&, each = call->devices->each](samebits_call* own, std::size_t) {
      return each->permute(own, seed, task, n, out);
    });
  });
}

// ---- mixtures ----------------------------------------------------------------------------------------------------

/// The parts of a problem, each on its device.
struct split_problem {
  const samebits_backend* each;
  samebits_gmm_data data;
  std::vector<part> parts;
  std::vector<void*> problems;

  ~split_problem() {
    for (void* const problem : problems) {
      if (problem != nullptr) {
        each->gmm_close(problem);
      }
    }
  }
};

samebits_status gmm_open(samebits_call* call, const samebits_gmm_data* data, void** problem) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {data->x})) {
      return refuse_device_memory(call);
    }
    auto split = std::make_unique<split_problem>();
    split->each = call->devices->each;
    split->data = *data;
    split->parts = subtrees(*call, data->n_rows);
    split->problems.resize(split->parts.size());
    const samebits_status answer = for_parts(call, split->parts, [&](samebits_call* own, std::size_t i) {
      const part& rows = split->parts[i];
      const samebits_gmm_data own_data{from(data->x, rows.first * data->n_cols, data->dtype), data->dtype, rows.n,
                                       data->n_cols, from(data->sample_weights, rows.first)};
      return split->each->gmm_open(own, &own_data, &split->problems[i]);
    });
    if (answer == SAMEBITS_OK) {
      *problem = split.release();
    }
    return answer;
  });
}

void gmm_close(void* problem) { delete static_cast<split_problem*>(problem); }

/// The steps of a pass for one part. Sums of the first part are the caller's arrays.
class part_steps {
 public:
  part_steps(const part& rows, std::int64_t n_steps, const samebits_gmm_step* steps) : steps_(steps, steps + n_steps) {
    for (samebits_gmm_step& step : steps_) {
      const std::int64_t first_share = rows.first * step.components.n_components;
      step.responsibilities = from(step.responsibilities, first_share);
      step.first_draw += static_cast<std::uint64_t>(first_share);
      if (rows.first > 0 && step.sums.sum_0 != nullptr) {
        use_own_sums(step);
      }
    }
  }

  /// Doubles of a step's sums.
  static std::int64_t sums_size(const samebits_gmm_components& c) {
    return c.n_components * (1 + c.n_cols + second_size(c));
  }

  samebits_gmm_step* data() { return steps_.data(); }

  void merge(part_steps& right) {
    for (std::size_t m = 0; m < steps_.size(); ++m) {
      const samebits_gmm_components& c = steps_[m].components;
      samebits_gmm_sums& into = steps_[m].sums;
      samebits_gmm_sums& more = right.steps_[m].sums;
      core::merge_sums(&into.log_likelihood, &more.log_likelihood, 1);
      if (into.sum_0 != nullptr) {
        core::merge_sums(into.sum_0, more.sum_0, c.n_components);
        core::merge_sums(into.sum_1, more.sum_1, c.n_components * c.n_cols);
        core::merge_sums(into.sum_2, more.sum_2, c.n_components * second_size(c));
      }
    }
  }

 private:
  static std::int64_t second_size(const samebits_gmm_components& c) {
    return c.shape == samebits_gmm_triangle ? c.n_cols * c.n_cols : c.n_cols;
  }

  void use_own_sums(samebits_gmm_step& step) {
    const samebits_gmm_components& c = step.components;
    double* const start = memory_.emplace_back(size_of(sums_size(c))).data();
    step.sums.sum_0 = start;
    step.sums.sum_1 = start + c.n_components;
    step.sums.sum_2 = step.sums.sum_1 + c.n_components * c.n_cols;
  }

  std::vector<samebits_gmm_step> steps_;
  std::vector<std::vector<double>> memory_;
};

samebits_status step_parts(samebits_call* call, const split_problem& split, samebits_gmm_order order,
                           std::int64_t n_steps, samebits_gmm_step* steps) {
  std::vector<part_steps> parts;
  for (const part& rows : split.parts) {
    parts.emplace_back(rows, n_steps, steps);
  }
  const samebits_status answer = for_parts(call, split.parts, [&](samebits_call* own, std::size_t i) {
    return split.each->gmm_step(own, split.problems[i], order, n_steps, parts[i].data());
  });
  if (answer == SAMEBITS_OK) {
    fold_parts(parts.size(), [&](std::size_t i, std::size_t j) { parts[i].merge(parts[j]); });
    std::copy_n(parts.front().data(), n_steps, steps);
  }
  return answer;
}

/// Some steps at a time, so that the sums of all parts take little memory of the host.
samebits_status gmm_step(samebits_call* call, void* problem, samebits_gmm_order order, std::int64_t n_steps,
                         samebits_gmm_step* steps) {
  constexpr std::int64_t most_doubles = std::int64_t{1} << 25;
  return answered(call, [&] {
    const split_problem& split = *static_cast<split_problem*>(problem);
    const std::int64_t each = n_steps == 0 ? 1 : part_steps::sums_size(steps->components) * std::ssize(split.parts);
    const std::int64_t at_once = std::max<std::int64_t>(most_doubles / each, 1);
    samebits_status answer = SAMEBITS_OK;
    for (std::int64_t first = 0; first < n_steps && answer == SAMEBITS_OK; first += at_once) {
      answer = step_parts(call, split, order, std::min(at_once, n_steps - first), steps + first);
    }
    return answer;
  });
}

samebits_status gmm_rows(samebits_call* call, void* problem, const samebits_gmm_components* components,
                         const samebits_gmm_rows* rows) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {rows->log_probs, rows->log_responsibilities, rows->responsibilities, rows->log_likelihoods,
                             rows->labels})) {
      return refuse_device_memory(call);
    }
    const split_problem& split = *static_cast<split_problem*>(problem);
    return for_parts(call, split.parts, [&](samebits_call* own, std::size_t i) {
      const std::int64_t first = split.parts[i].first;
      const std::int64_t first_share = first * components->n_components;
      const samebits_dtype dtype = split.data.dtype;
      const samebits_gmm_rows own_rows{from(rows->log_probs, first_share, dtype),
                                       from(rows->log_responsibilities, first_share, dtype),
                                       from(rows->responsibilities, first_share, dtype),
                                       from(rows->log_likelihoods, first, dtype), from(rows->labels, first)};
      return split.each->gmm_rows(own, split.problems[i], components, &own_rows);
    });
  });
}

/// The winner of a race over all rows: the first of those of the parts.
samebits_status race_parts(samebits_call* call, const split_problem& split, const samebits_gmm_race& race,
                           core::race_entry& best) {
  std::vector<core::race_entry> winners(split.parts.size());
  const samebits_status answer = for_parts(call, split.parts, [&](samebits_call* own, std::size_t i) {
    samebits_gmm_race of_part = race;
    of_part.first_draw += static_cast<std::uint64_t>(split.parts[i].first);
    return split.each->gmm_race(own, split.problems[i], &of_part, &winners[i].time, &winners[i].row);
  });
  for (std::size_t i = 0; i < winners.size(); ++i) {
    winners[i].row += split.parts[i].first;
    best = i == 0 || core::wins(winners[i], best) ? winners[i] : best;
  }
  return answer;
}

/// A row of the data as a seed.
void take_seed(const samebits_gmm_data& data, std::int64_t row, double* seed) {
  const void* const numbers = from(data.x, row * data.n_cols, data.dtype);
  if (data.dtype == SAMEBITS_FLOAT32) {
    std::copy_n(static_cast<const float*>(numbers), data.n_cols, seed);
  } else {
    std::copy_n(static_cast<const double*>(numbers), data.n_cols, seed);
  }
}

/// Race after race. The host, which has all rows, hands the winner to the devices as the centre of the next one.
samebits_status seed_on_devices(samebits_call* call, const split_problem& split, const samebits_gmm_seeding& s) {
  const samebits_gmm_data& data = split.data;
  samebits_gmm_race race{s.metric, 0, s.seed, s.task, s.first_draw};
  samebits_status answer = SAMEBITS_OK;
  for (std::int64_t number = 0; number < s.n_runs * s.n_seeds && answer == SAMEBITS_OK; ++number) {
    race.is_first = number % s.n_seeds == 0 ? 1 : 0;
    core::race_entry best{};
    answer = race_parts(call, split, race, best);
    if (answer == SAMEBITS_OK) {
      const double weight = data.sample_weights == nullptr ? 1.0 : data.sample_weights[best.row];
      double* const seed = s.seeds + number * data.n_cols;
      take_seed(data, core::seed_row(best.row, weight, s.first_row), seed);
      race.metric.means = seed;
      race.first_draw += static_cast<std::uint64_t>(data.n_rows);
    }
  }
  return answer;
}

samebits_status seed_on_cpu(samebits_call* call, const samebits_gmm_data& data, const samebits_gmm_seeding& seeding) {
  const samebits_backend& cpu = *best_cpu();
  void* problem = nullptr;
  samebits_status answer = cpu.gmm_open(call, &data, &problem);
  if (answer == SAMEBITS_OK) {
    answer = cpu.gmm_seed(call, problem, &seeding);
    cpu.gmm_close(problem);
  }
  return answer;
}

/// On the CPU where a race is over sooner than devices have been asked.
samebits_status gmm_seed(samebits_call* call, void* problem, const samebits_gmm_seeding* seeding) {
  constexpr std::int64_t fewest_numbers = 1 << 17;
  return answered(call, [&] {
    const split_problem& split = *static_cast<split_problem*>(problem);
    return split.data.n_rows * split.data.n_cols < fewest_numbers ? seed_on_cpu(call, split.data, *seeding)
                                                                  : seed_on_devices(call, split, *seeding);
  });
}

// ---- sums over rows ----------------------------------------------------------------------------------------------

samebits_rows rows_of(const samebits_rows& all, const part& rows) {
  const std::int64_t first = rows.first * all.n_cols;
  return {from(all.x, first, all.dtype),
          from(all.y, first, all.dtype),
          from(all.weights, rows.first),
          all.dtype,
          rows.n,
          all.n_cols};
}

samebits_status summarize(samebits_call* call, samebits_statistic statistic, const samebits_rows* rows, double* node) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {rows->x, rows->y})) {
      return refuse_device_memory(call);
    }
    const std::vector<part> parts = subtrees(*call, rows->n_rows);
    const std::int64_t node_size = core::node_size(statistic, rows->n_cols);
    std::vector<double> nodes(parts.size() * size_of(node_size));
    const auto node_of = [&](std::size_t i) { return nodes.data() + i * size_of(node_size); };
    const samebits_status answer =
        for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
          const samebits_rows own_rows = rows_of(*rows, parts[i]);
          return each->summarize(own, statistic, &own_rows, node_of(i));
        });
    if (answer == SAMEBITS_OK) {
      fold_parts(parts.size(), [&](std::size_t i, std::size_t j) {
        core::merge_nodes(statistic, node_of(i), node_of(j), rows->n_cols);
      });
      std::copy_n(nodes.data(), node_size, node);
    }
    return answer;
  });
}

samebits_status sum_exactly(samebits_call* call, const samebits_rows* rows, void* sums) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {rows->x, rows->y})) {
      return refuse_device_memory(call);
    }
    const std::vector<part> parts = shares(rows->n_rows, call->devices->numbers.size());
    const std::size_t n_cols = size_of(rows->n_cols);
    std::vector<core::exact_sum> found(parts.size() * n_cols);
    for (core::exact_sum& sum : found) {
      sum.clear();
    }
    const samebits_status answer =
        for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
          const samebits_rows own_rows = rows_of(*rows, parts[i]);
          return each->sum_exactly(own, &own_rows, found.data() + i * n_cols);
        });
    auto* const all = static_cast<core::exact_sum*>(sums);
    for (std::size_t i = 0; answer == SAMEBITS_OK && i < found.size(); ++i) {
      all[i % n_cols].merge(found[i]);
      all[i % n_cols].normalise();
    }
    return answer;
  });
}

/// The bins of one part.
struct part_bins {
  part_bins(std::int64_t n_bins, bool has_sums) : counts(size_of(n_bins)), sums(has_sums ? size_of(n_bins) : 0) {}

  /// Backends set the sums of bins without numbers to 0, which is more than nothing.
  void take_zeros_back() {
    for (std::size_t b = 0; b < sums.size(); ++b) {
      sums[b] = counts[b] == 0 ? core::empty_sum<double>() : sums[b];
    }
  }
  void merge(part_bins& right) {
    for (std::size_t b = 0; b < counts.size(); ++b) {
      counts[b] += right.counts[b];
    }
    core::merge_sums(sums.data(), right.sums.data(), std::ssize(sums));
  }

  std::vector<std::int64_t> counts;
  std::vector<double> sums;
};

samebits_status histogram(samebits_call* call, const samebits_rows* rows, const double* edges, std::int64_t n_bins,
                          std::int64_t* counts, double* sums) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {rows->x})) {
      return refuse_device_memory(call);
    }
    const std::vector<part> parts = subtrees(*call, rows->n_rows);
    std::vector<part_bins> bins(parts.size(), part_bins(n_bins, sums != nullptr));
    const samebits_status answer =
        for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
          const samebits_rows own_rows = rows_of(*rows, parts[i]);
          return each->histogram(own, &own_rows, edges, n_bins, bins[i].counts.data(),
                                 sums == nullptr ? nullptr : bins[i].sums.data());
        });
    if (answer == SAMEBITS_OK) {
      for (part_bins& b : bins) {
        b.take_zeros_back();
      }
      fold_parts(bins.size(), [&](std::size_t i, std::size_t j) { bins[i].merge(bins[j]); });
      std::copy(bins.front().counts.begin(), bins.front().counts.end(), counts);
      for (std::size_t b = 0; b < bins.front().sums.size(); ++b) {
        sums[b] = bins.front().counts[b] == 0 ? 0.0 : bins.front().sums[b];
      }
    }
    return answer;
  });
}

samebits_status matmul(samebits_call* call, const samebits_product* product) {
  return answered(call, [&] {
    if (!lie_on_host(*call, {product->a, product->b, product->out})) {
      return refuse_device_memory(call);
    }
    const std::vector<part> parts = shares(product->n_rows, call->devices->numbers.size());
    return for_parts(call, parts, [&, each = call->devices->each](samebits_call* own, std::size_t i) {
      samebits_product rows = *product;
      rows.a = from(product->a, parts[i].first * product->n_inner, product->dtype);
      rows.out = from(product->out, parts[i].first * product->n_cols, product->dtype);
      rows.n_rows = parts[i].n;
      return each->matmul(own, &rows);
    });
  });
}

// ---- sums over pairs ---------------------------------------------------------------------------------------------

/// Rows of x, or permutations of the companion's rows.
std::vector<part> pair_shares(const samebits_call& call, const samebits_pairs& pairs) {
  const std::size_t n_devices = call.devices->numbers.size();
  if (pairs.reduction == samebits_pair_dependences) {
    const std::int64_t n = pairs.companion->n_permutations;
    const auto n_parts = static_cast<std::int64_t>(n_devices);
    return parts_of(n, std::max<std::int64_t>((n + n_parts - 1) / n_parts, 1), n_devices);
  }
  if (pairs.set != samebits_upper_pairs) {
    return shares(pairs.n_x, n_devices);
  }
  // Later rows have fewer pairs: a device has a part from either end.
  std::vector<part> parts = shares(pairs.n_x, 2 * n_devices);
  for (part& rows : parts) {
    rows.device = std::min(rows.device, 2 * n_devices - 1 - rows.device);
  }
  return parts;
}

/// Numbers of a row's results. Those of sums lie kernel after kernel instead.
std::int64_t results_of_row(const samebits_pairs& pairs) {
  switch (pairs.reduction) {
    case samebits_pair_nearest: return pairs.n_nearest;
    case samebits_pair_products: return pairs.n_columns;
    case samebits_pair_gradients: return pairs.n_cols;
    default: return 1;
  }
}

/// The pairs of some rows of x, or of some permutations, and what comes out of them where that does not go to its
/// place.
class part_pairs {
 public:
  part_pairs(const samebits_pairs& all, const part& rows) : pairs_(all), rows_(rows) {
    if (all.reduction == samebits_pair_dependences) {
      take_permutations(all);
    } else {
      take_rows(all, rows);
    }
  }

  samebits_status run(samebits_call* call, const samebits_backend& each) {
    if (!counts_.empty()) {
      pairs_.digits = &digits_;
    }
    if (pairs_.reduction == samebits_pair_dependences) {
      pairs_.companion = &companion_;
    }
    return each.pairwise(call, &pairs_);
  }

  /// Parts come one after the other.
  void deliver(const samebits_pairs& all) const {
    for (std::int64_t k = 0; !sums_.empty() && k < all.n_kernels; ++k) {
      std::copy_n(sums_.data() + k * rows_.n, rows_.n, all.out + k * all.n_x + rows_.first);
    }
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      all.digits->counts[b] = (rows_.first == 0 ? 0 : all.digits->counts[b]) + counts_[b];
    }
  }

 private:
  void take_permutations(const samebits_pairs& all) {
    companion_ = *all.companion;
    companion_.permutations += rows_.first * all.n_x;
    companion_.n_permutations = rows_.n;
    pairs_.out = from(all.out, rows_.first * all.n_x);
  }

  void take_rows(const samebits_pairs& all, const part& rows) {
    pairs_.x = from(all.x, rows.first * all.n_cols, all.dtype);
    pairs_.n_x = rows.n;
    pairs_.first_row = all.first_row + rows.first;
    pairs_.out = from(all.out, rows.first * results_of_row(all));
    pairs_.indices = from(all.indices, rows.first * results_of_row(all));
    if (all.reduction == samebits_pair_sums) {
      sums_.resize(size_of(all.n_kernels * rows.n));
      pairs_.out = sums_.data();
    }
    if (all.reduction == samebits_pair_counts) {
      counts_.resize(std::size_t{1} << all.digits->n_bits);
      digits_ = *all.digits;
      digits_.counts = counts_.data();
    }
  }

  samebits_pairs pairs_;
  part rows_;
  std::vector<double> sums_;
  samebits_pair_digits digits_{};
  samebits_pair_companion companion_{};
  std::vector<std::int64_t> counts_;
};

samebits_status pairwise(samebits_call* call, const samebits_pairs* pairs) {
  return answered(call, [&] {
    const void* const z = pairs->companion == nullptr ? nullptr : pairs->companion->z;
    if (!lie_on_host(*call, {pairs->x, pairs->y, z, pairs->columns, pairs->out, pairs->indices})) {
      return refuse_device_memory(call);
    }
    const samebits_backend& each = *call->devices->each;
    const std::vector<part> parts = pair_shares(*call, *pairs);
    std::vector<part_pairs> own_pairs;
    own_pairs.reserve(parts.size());
    for (const part& rows : parts) {
      own_pairs.emplace_back(*pairs, rows);
    }
    const samebits_status answer =
        for_parts(call, parts, [&](samebits_call* own, std::size_t i) { return own_pairs[i].run(own, each); });
    for (std::size_t i = 0; answer == SAMEBITS_OK && i < parts.size(); ++i) {
      own_pairs[i].deliver(*pairs);
    }
    return answer;
  });
}

// ---- memory ------------------------------------------------------------------------------------------------------

samebits_status refuse_memory(samebits_call* call) {
  return fail(call, SAMEBITS_INVALID_ARGUMENT,
              "the context works on several devices: memory of a device belongs to contexts of one");
}
samebits_status allocate(samebits_call* call, std::int64_t, void**) { return refuse_memory(call); }
samebits_status release(samebits_call* call, void*) { return refuse_memory(call); }
samebits_status copy(samebits_call* call, void*, const void*, std::int64_t) { return refuse_memory(call); }

/// Results are the host's, so that nothing is under way between calls.
samebits_status synchronize(samebits_call*) { return SAMEBITS_OK; }

samebits_backend table_over(const samebits_backend& each) {
  samebits_backend table = each;
  table.map = map;
  table.fill = fill;
  table.permute = permute;
  table.gmm_open = gmm_open;
  table.gmm_step = gmm_step;
  table.gmm_rows = gmm_rows;
  table.gmm_seed = gmm_seed;
  table.gmm_race = nullptr;  // for parts of these problems
  table.gmm_close = gmm_close;
  table.summarize = summarize;
  table.sum_exactly = sum_exactly;
  table.histogram = histogram;
  table.matmul = matmul;
  table.pairwise = pairwise;
  table.allocate = allocate;
  table.release = release;
  table.copy = copy;
  table.synchronize = synchronize;
  table.gmm_run = nullptr;
  table.gmm_has_run = nullptr;  // parts meet on the host after every pass
  return table;
}

}  // namespace

const samebits_device_list* list_of_devices(const samebits_backend* each, const std::vector<int>& numbers) {
  using lists_by_devices = std::map<std::pair<const samebits_backend*, std::vector<int>>, samebits_device_list>;
  static std::mutex mutex;
  static auto& lists = *new lists_by_devices;  // never destroyed: contexts may outlive everything
  const std::lock_guard lock(mutex);
  return &lists.try_emplace({each, numbers}, samebits_device_list{each, numbers, table_over(*each)}).first->second;
}

}  // namespace samebits
