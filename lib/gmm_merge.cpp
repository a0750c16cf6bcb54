// Clusters made of several components, by the entropy of their responsibilities.
#include <algorithm>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"
#include "samebits/core/gmm.hpp"

namespace samebits {
namespace {

constexpr const char* function = "gmm_merge";

/// Two clusters, and what the entropy loses when they become one. Clusters are named by their lowest component.
struct candidate_pair {
  std::int64_t a;
  std::int64_t b;
  double loss;
  bool is_new;
};

/// The clusters that are left and all pairs of them. `pass` finds what is not known yet.
class clustering {
 public:
  clustering(const context& ctx, const gmm::parameters& mixture, const data_view& x,
             std::span<const double> sample_weights)
      : ctx_(ctx), mixture_(mixture), x_(x), sample_weights_(sample_weights) {
    for (std::int64_t a = 0; a < mixture.n_components; ++a) {
      members_.push_back({a});
      for (std::int64_t b = a + 1; b < mixture.n_components; ++b) {
        pairs_.push_back({a, b, 0, true});
      }
    }
  }

  std::int64_t n_clusters() const { return std::ssize(members_); }

  /// One pass over the rows: the losses of new pairs, and the entropy of the clusters.
  double pass();

  /// The pair with the highest loss, of equal ones the first.
  candidate_pair best() const {
    return *std::max_element(pairs_.begin(), pairs_.end(),
                             [](const candidate_pair& p, const candidate_pair& q) { return p.loss < q.loss; });
  }

  void join(std::int64_t kept, std::int64_t joined);

 private:
  /// Responsibilities of a block's rows for each cluster, one column after the other, and their logarithms.
  struct columns {
    std::vector<double> shares;
    std::vector<double> logs;
  };

  std::vector<std::int64_t>& members_of(std::int64_t name) { return members_[place_of(name)]; }
  std::int64_t place_of(std::int64_t name) const {
    return std::find_if(members_.begin(), members_.end(), [=](const auto& m) { return m.front() == name; }) -
           members_.begin();
  }
  double weight(std::int64_t row) const { return sample_weights_.empty() ? 1.0 : sample_weights_[row]; }

  columns columns_of(const gmm::row_block& block) const;
  void add_losses(const gmm::row_block& block, const columns& of, std::span<const candidate_pair* const> pairs,
                  std::span<row_sum> sums) const;

  const context& ctx_;
  const gmm::parameters& mixture_;
  const data_view x_;
  std::span<const double> sample_weights_;
  std::vector<std::vector<std::int64_t>> members_;  // of each cluster in increasing order, clusters by the lowest
  std::vector<candidate_pair> pairs_;               // in the order of (a, b)
};

clustering::columns clustering::columns_of(const gmm::row_block& block) const {
  columns of{std::vector<double>(n_clusters() * block.n_rows), {}};
  over_threads(gmm::threads_for(ctx_, std::ssize(of.shares)), n_clusters(), [&](std::int64_t c) {
    for (std::int64_t i = 0; i < block.n_rows; ++i) {
      const double* const row = block.responsibilities + i * mixture_.n_components;
      double share = row[members_[c].front()];
      for (std::int64_t m = 1; m < std::ssize(members_[c]); ++m) {
        share = core::joint_share(share, row[members_[c][m]]);
      }
      of.shares[c * block.n_rows + i] = share;
    }
  });
  of.logs.resize(of.shares.size());
  gmm::log_of(ctx_, function, of.shares, of.logs.data());
  return of;
}

void clustering::add_losses(const gmm::row_block& block, const columns& of,
                            std::span<const candidate_pair* const> pairs, std::span<row_sum> sums) const {
  const std::int64_t n = block.n_rows;
  std::vector<double> joint(pairs.size() * n);
  const int n_threads = gmm::threads_for(ctx_, std::ssize(joint));
  over_threads(n_threads, std::ssize(pairs), [&](std::int64_t p) {
    const double* const a = of.shares.data() + place_of(pairs[p]->a) * n;
    const double* const b = of.shares.data() + place_of(pairs[p]->b) * n;
    for (std::int64_t i = 0; i < n; ++i) {
      joint[p * n + i] = core::joint_share(a[i], b[i]);
    }
  });
  gmm::log_of(ctx_, function, joint, joint.data());
  over_threads(n_threads, std::ssize(pairs), [&](std::int64_t p) {
    const std::int64_t a = place_of(pairs[p]->a) * n;
    const std::int64_t b = place_of(pairs[p]->b) * n;
    for (std::int64_t i = 0; i < n; ++i) {
      sums[p].add(core::entropy_of_joining(weight(block.first + i), of.shares[a + i], of.logs[a + i], of.shares[b + i],
                                           of.logs[b + i], joint[p * n + i]));
    }
  });
}

double clustering::pass() {
  std::vector<candidate_pair*> pairs;
  for (candidate_pair& p : pairs_) {
    if (p.is_new) {
      pairs.push_back(&p);
    }
  }
  row_sum entropy;
  std::vector<row_sum> losses(pairs.size());
  gmm::for_each_block(ctx_, function, mixture_, x_, [&](const gmm::row_block& block) {
    const columns of = columns_of(block);
    gmm::add_entropies(ctx_, block.n_rows, {of.shares.data(), of.logs.data(), n_clusters(), 1, block.n_rows},
                       sample_weights_.empty() ? nullptr : sample_weights_.data() + block.first, entropy);
    // As many pairs at a time as there are components, so that they take no more memory than these.
    for (std::size_t first = 0; first < pairs.size(); first += mixture_.n_components) {
      const std::size_t n = std::min<std::size_t>(pairs.size() - first, mixture_.n_components);
      add_losses(block, of, std::span(pairs).subspan(first, n), std::span(losses).subspan(first, n));
    }
  });
  for (std::size_t p = 0; p < pairs.size(); ++p) {
    pairs[p]->loss = losses[p].finish();
    pairs[p]->is_new = false;
  }
  return entropy.finish();
}

void clustering::join(std::int64_t kept, std::int64_t joined) {
  std::vector<std::int64_t>& members = members_of(kept);
  const std::vector<std::int64_t>& more = members_of(joined);
  members.insert(members.end(), more.begin(), more.end());
  std::sort(members.begin(), members.end());
  members_.erase(members_.begin() + place_of(joined));
  std::erase_if(pairs_, [=](const candidate_pair& p) { return p.a == joined || p.b == joined; });
  for (candidate_pair& p : pairs_) {
    p.is_new = p.a == kept || p.b == kept;
  }
}

gmm_merging merge(clustering& clusters) {
  gmm_merging merging{clusters.pass(), {}};
  while (clusters.n_clusters() > 1) {
    const candidate_pair best = clusters.best();
    clusters.join(best.a, best.b);
    // A single cluster has every row for itself.
    merging.mergers.push_back({best.a, best.b, clusters.n_clusters() > 1 ? clusters.pass() : 0.0});
  }
  return merging;
}

gmm_merging merge(const context& ctx, const gmm_model& model, const data_view& x,
                  std::span<const double> sample_weights) {
  const default_fp_environment environment;
  gmm::require_rows(function, model, x);
  gmm::sum_of_weights(ctx, function, sample_weights, x);
  const gmm::parameters mixture = gmm::prepared(ctx, function, model);
  clustering clusters(ctx, mixture, x, sample_weights);
  return merge(clusters);
}

}  // namespace

std::vector<std::int64_t> gmm_merging::clusters(std::int64_t n_clusters) const {
  const std::int64_t n_components = std::ssize(mergers) + 1;
  if (n_clusters < 1 || n_clusters > n_components) {
    refuse("gmm_merging::clusters",
           "n_clusters is " + text(n_clusters) + " but must be in [1, " + text(n_components) + "]");
  }
  std::vector<std::int64_t> lowest(n_components);
  for (std::int64_t k = 0; k < n_components; ++k) {
    lowest[k] = k;
  }
  for (std::int64_t m = 0; m < n_components - n_clusters; ++m) {
    std::replace(lowest.begin(), lowest.end(), mergers[m].joined, mergers[m].kept);
  }
  std::vector<std::int64_t> numbers(n_components);
  std::int64_t next = 0;
  for (std::int64_t k = 0; k < n_components; ++k) {
    numbers[k] = lowest[k] == k ? next++ : numbers[lowest[k]];
  }
  return numbers;
}

gmm_merging gmm_merge(const context& ctx, const gmm_model& model, matrix_view<const double> x,
                      std::span<const double> sample_weights) {
  return merge(ctx, model, x, sample_weights);
}
gmm_merging gmm_merge(const context& ctx, const gmm_model& model, matrix_view<const float> x,
                      std::span<const double> sample_weights) {
  return merge(ctx, model, x, sample_weights);
}

}  // namespace samebits
