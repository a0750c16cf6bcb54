#include "lib/gmm_start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "lib/gmm_checks.hpp"
#include "lib/gmm_model.hpp"
#include "lib/host_rows.hpp"
#include "samebits/core/cholesky.hpp"
#include "samebits/core/gmm.hpp"
#include "samebits/permutation.hpp"

namespace samebits::gmm {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The type of the same shape in which nothing is shared.
covariance_type plain_type(covariance_type type) {
  return shape_of(type) == samebits_gmm_triangle ? covariance_type::full : covariance_type::diag;
}

/// "reg_covar 0", or with the relative part where there is one.
std::string regularisation_text(const gmm_options& o) {
  return "reg_covar " + text(o.reg_covar) +
         (o.reg_covar_relative > 0 ? " and reg_covar_relative " + text(o.reg_covar_relative) : "");
}

// ---- all rows ----------------------------------------------------------------------------------------------------

/// Rows by their numbers. From a device they come one by one, or all that there are where many are wanted.
std::vector<double> read_rows(const problem& rows, std::span<const std::int64_t> numbers) {
  const data_view& x = rows.x();
  const bool at_once = std::ssize(numbers) >= x.n_rows;
  const host_rows all(rows.ctx(), rows.function(), x.rows(0, at_once ? x.n_rows : 0));
  std::vector<double> values;
  for (const std::int64_t row : numbers) {
    const host_rows one(rows.ctx(), rows.function(), x.rows(row, at_once ? 0 : 1));
    for (std::int64_t a = 0; a < x.n_cols; ++a) {
      values.push_back(at_once ? all.view()(row, a) : one.view()(0, a));
    }
  }
  return values;
}

/// From one element of the diagonal to the next.
std::int64_t diagonal_step(const parameters& p) { return shape_of(p.type) == samebits_gmm_triangle ? p.n_cols + 1 : 1; }

/// Makes the covariance of a single component the identity, ready for a pass.
void set_unit_covariance(const problem& rows, parameters& p) {
  std::fill(p.covariances.begin(), p.covariances.end(), 0.0);
  for (std::int64_t a = 0; a < p.n_cols; ++a) {
    p.covariances[a * diagonal_step(p)] = 1;
  }
  prepare(rows.ctx(), rows.function(), p);
}

/// The sums of all rows about their mean, which `p` gets: a pass to find it and one centred on it.
sums sums_of_all_rows(const problem& rows, const samebits_gmm_rules& rules, parameters& p) {
  sums s(p.type, 1, p.n_cols);
  p.weights[0] = 1;
  p.means = read_rows(rows, std::vector<std::int64_t>{0});
  set_unit_covariance(rows, p);
  require_finite_result(rows, rows.step(p, &s), "at the start");
  rows.update(p, s, rules);
  set_unit_covariance(rows, p);
  require_finite_result(rows, rows.step(p, &s), "at the start");
  return s;
}

std::vector<double> variances_of(const problem& rows, const samebits_gmm_rules& rules, parameters p, sums& s) {
  rows.update(p, s, rules);
  std::vector<double> variances;
  for (std::int64_t a = 0; a < p.n_cols; ++a) {
    variances.push_back(p.covariances[a * diagonal_step(p)]);
  }
  return variances;
}

/// True when a row that counts differs from the first that does.
bool has_different_rows(const problem& rows, std::span<const double> sample_weights) {
  const host_rows read(rows.ctx(), rows.function(), rows.x());
  const data_view& x = read.view();
  std::int64_t first = -1;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    if (!sample_weights.empty() && sample_weights[i] == 0) {
      continue;
    }
    first = first < 0 ? i : first;
    for (std::int64_t j = 0; j < x.n_cols; ++j) {
      if (x(i, j) != x(first, j)) {
        return true;
      }
    }
  }
  return false;
}

/// Refuses reg_covar where it would take the place of the data: it is far above their variances, or their squares
/// underflow.
void require_not_swamped(const problem& rows, const gmm_options& o, const std::vector<double>& variances) {
  const double largest = *std::max_element(variances.begin(), variances.end());
  const bool is_lost =
      o.reg_covar > 0 && largest < smallest_variance(rows) && has_different_rows(rows, o.sample_weights);
  if (is_lost || core::reg_covar_swamps(o.reg_covar, largest)) {
    throw numerical_failure(std::string(rows.function()) + ": reg_covar is " + text(o.reg_covar) +
                            " but the largest variance of a column of x is " + text(largest) +
                            "; set reg_covar_relative instead, or rescale x");
  }
}

/// True where the start has variances that reg_covar would swamp: those of the data may be as small.
bool looks_swamped(const gmm_options& o, std::int64_t n_cols) {
  const matrix_shape shape = covariances_shape(o.covariance, o.n_components, n_cols);
  const bool is_triangle = shape_of(o.covariance) == samebits_gmm_triangle;
  const bool are_precisions = o.warm_start == nullptr && o.covariances_init.empty();
  const double* const values = o.warm_start != nullptr ? o.warm_start->covariances.data()
                               : are_precisions        ? o.precisions_init.data()
                                                       : o.covariances_init.data();
  double largest = 0;
  for (std::int64_t i = 0; i < shape.n_rows; ++i) {
    for (std::int64_t j = is_triangle ? i % n_cols : 0; j < (is_triangle ? i % n_cols + 1 : shape.n_cols); ++j) {
      const double value = values[i * shape.n_cols + j];
      largest = std::max(largest, are_precisions ? 1 / value : value);
    }
  }
  return core::reg_covar_swamps(o.reg_covar, largest);
}

bool needs_all_rows(const gmm_options& o, std::int64_t n_cols) {
  const bool has_covariances = !o.covariances_init.empty() || !o.precisions_init.empty();
  return o.reg_covar_relative > 0 || (o.warm_start == nullptr && (o.means_init.empty() || !has_covariances)) ||
         looks_swamped(o, n_cols);
}

// ---- means -------------------------------------------------------------------------------------------------------

/// The first row that counts.
std::int64_t first_row_with_weight(const gmm_options& o) {
  const auto found = std::find_if(o.sample_weights.begin(), o.sample_weights.end(), [](double w) { return w > 0; });
  return found - o.sample_weights.begin();
}

/// k-means++. Draw number (restart k + j) n_rows + i of the stream decides for seed j and row i.
std::vector<double> draw_seeds(const problem& rows, const fit_setting& setting, std::int64_t first_restart,
                               std::int64_t n) {
  const gmm_options& o = setting.options;
  const std::int64_t first_draw = first_restart * o.n_components * rows.x().n_rows;
  return rows.draw_seeds(*setting.all_rows, {o.seed, o.task}, static_cast<std::uint64_t>(first_draw), n, o.n_components,
                         first_row_with_weight(o));
}

/// Numbers of rows, drawn without replacement from child number `restart` of the stream, passing over those of weight 0
/// as long as there are others.
std::vector<std::int64_t> draw_rows(const gmm_options& o, std::int64_t n_rows, std::int64_t restart) {
  const stream_id stream = stream_id{o.seed, o.task}.child(static_cast<std::uint64_t>(restart));
  const auto counts = [&](std::int64_t row) { return o.sample_weights.empty() || o.sample_weights[row] > 0; };
  std::vector<std::int64_t> drawn;
  for (std::int64_t n = o.n_components; n != std::ssize(drawn); n = std::min(2 * n, n_rows)) {
    drawn.resize(n);
    sample_without_replacement(stream, n_rows, drawn);  // a larger sample starts with the smaller one
    if (std::stable_partition(drawn.begin(), drawn.end(), counts) - drawn.begin() >= o.n_components) {
      break;
    }
  }
  drawn.resize(o.n_components);
  return drawn;
}

// ---- clusters ----------------------------------------------------------------------------------------------------

/// Equal ellipsoids like that of all rows, without shares: a row's likeliest component is the one with the nearest
/// mean, in the metric of the data.
///
/// @param means  [k x n]; nullptr: all that of all rows
clusters clusters_about(const problem& rows, const fit_setting& setting, const double* means) {
  const gmm_options& o = setting.options;
  parameters p = like_all_rows(*setting.all_rows, plain_type(o.covariance), o.n_components, false);
  if (means != nullptr) {
    p.means.assign(means, means + p.means.size());
  }
  prepare(rows.ctx(), rows.function(), p);
  return {std::move(p), sums(o.covariance, o.n_components, rows.x().n_cols)};
}

/// A pass for clusters of several restarts at once; source_of(i) has the shares of number i.
template <class SourceOf>
void share_out(const problem& rows, std::span<clusters* const> group, const SourceOf& source_of) {
  std::vector<pass> passes;
  for (std::size_t i = 0; i < group.size(); ++i) {
    passes.push_back({&group[i]->mixture, &group[i]->shares, source_of(i)});
  }
  rows.step(passes);
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->log_likelihood = passes[i].log_likelihood;
  }
}

/// Every row to its likeliest component.
share_source nearest(std::size_t) { return {samebits_gmm_hard, nullptr, {}, 0}; }

/// Moves the means of equal ellipsoids to those of their rows.
void move_means(const problem& rows, const fit_setting& setting, clusters& c) {
  const std::vector<std::uint8_t> frozen(c.mixture.weights.size(), 1);
  samebits_gmm_rules means_only = setting.rules();
  means_only.frozen_weights = frozen.data();
  means_only.frozen_covariances = frozen.data();
  rows.update(c.mixture, c.shares, means_only);
}

std::vector<clusters*> all_of(std::vector<clusters>& group) {
  std::vector<clusters*> all;
  all.reserve(group.size());
  for (clusters& c : group) {
    all.push_back(&c);
  }
  return all;
}

/// Shares out the rows, and moves the means where rows have come nearer to them: of the clusters that it returns.
std::vector<clusters*> lloyd_round(const problem& rows, const fit_setting& setting, const std::vector<clusters*>& all) {
  std::vector<double> before;
  before.reserve(all.size());
  for (const clusters* c : all) {
    before.push_back(c->log_likelihood);
  }
  share_out(rows, all, nearest);
  std::vector<clusters*> moved;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (const double now = all[i]->log_likelihood; std::isfinite(now) && now > before[i]) {
      move_means(rows, setting, *all[i]);
      moved.push_back(all[i]);
    }
  }
  return moved;
}

/// Lloyd's algorithm: shares out the rows and moves the means until rows come no nearer to them.
///
/// S. P. Lloyd: "Least squares quantization in PCM", IEEE Transactions on Information Theory 28, 1982. A cluster
/// without rows keeps its mean.
void run_lloyd(const problem& rows, const fit_setting& setting, std::vector<clusters>& group) {
  constexpr int most_rounds = 100;
  std::vector<clusters*> moving = all_of(group);
  for (clusters* c : moving) {
    c->log_likelihood = -infinity;
  }
  for (int round = 0; round < most_rounds && !moving.empty(); ++round) {
    moving = lloyd_round(rows, setting, moving);
  }
  if (!moving.empty()) {
    share_out(rows, moving, nearest);
  }
}

void require_shares(const problem& rows, const sums& s) {
  if (std::all_of(s.sum_0.begin(), s.sum_0.end(), [](double sum) { return sum == 0; })) {
    refuse(rows.function(), "the responsibilities of all rows, times their weights, are 0");
  }
}

/// Sums up shares that are given or drawn, centred on the means that they make: a pass to find them and one for the
/// sums.
template <class SourceOf>
void sum_shares(const problem& rows, const fit_setting& setting, const SourceOf& source_of,
                std::vector<clusters>& group) {
  const std::vector<clusters*> all = all_of(group);
  share_out(rows, all, source_of);
  for (clusters& c : group) {
    require_shares(rows, c.shares);
    move_means(rows, setting, c);
  }
  share_out(rows, all, source_of);
}

/// The mixture of such clusters. A component without shares stays as it is in `p`, but for its mean.
void take_clusters(const problem& rows, const fit_setting& setting, clusters& c, const char* when, parameters& p) {
  p.means = c.mixture.means;
  require_regular(rows, setting.options, rows.update(p, c.shares, setting.rules()), p, when);
}

/// Shares uniform over the simplex. Element (i, j) takes draw number (restart n_rows + i) k + j of the stream.
share_source random_shares(const problem& rows, const gmm_options& o, std::int64_t restart) {
  const std::int64_t first_draw = restart * rows.x().n_rows * o.n_components;
  return {samebits_gmm_random, nullptr, {o.seed, o.task}, static_cast<std::uint64_t>(first_draw)};
}

// ---- what is given -----------------------------------------------------------------------------------------------

/// The covariances whose inverses are precisions_init, in the layout of covariances_shape.
std::vector<double> inverted_precisions(const char* function, const gmm_options& o, std::int64_t n_cols) {
  const matrix_view<const double> given = o.precisions_init;
  std::vector<double> inverse(given.data(), given.data() + given.n_rows() * given.n_cols());
  if (shape_of(o.covariance) == samebits_gmm_diagonal) {
    std::transform(inverse.begin(), inverse.end(), inverse.begin(), core::inverse_of);
    return inverse;
  }
  std::vector<double> work(2 * n_cols * n_cols);
  for (std::int64_t k = 0; k * n_cols < given.n_rows(); ++k) {
    double* const matrix = inverse.data() + k * n_cols * n_cols;
    const std::int64_t rank = core::invert_positive_definite(matrix, n_cols, work.data(), matrix);
    if (rank < n_cols) {
      refuse(function, spread_name("precisions_init", k, o.covariance) + " is not positive definite at column " +
                           text(rank) + " (counted from 0)");
    }
  }
  return inverse;
}

void set_given_covariances(const problem& rows, const gmm_options& o, parameters& p) {
  if (!o.covariances_init.empty()) {
    p.set_covariances(o.covariances_init.data());
  } else if (!o.precisions_init.empty()) {
    p.set_covariances(inverted_precisions(rows.function(), o, p.n_cols).data());
  }
}

// ---- starts of several restarts ----------------------------------------------------------------------------------

/// Where the start has shares that are given or drawn.
bool has_shares(const gmm_options& o) {
  return !o.responsibilities_init.empty() || (o.means_init.empty() && o.init == gmm_init::random_responsibilities);
}

share_source shares_of(const problem& rows, const gmm_options& o, std::int64_t restart) {
  if (!o.responsibilities_init.empty()) {
    return {samebits_gmm_given, o.responsibilities_init.data(), {}, 0};
  }
  return random_shares(rows, o, restart);
}

bool runs_kmeans(const gmm_options& o) { return o.means_init.empty() && o.init == gmm_init::kmeans; }

/// [n x k x n_cols] rows drawn for n restarts, or given means.
std::vector<double> draw_means(const problem& rows, const fit_setting& setting, std::int64_t first_restart,
                               std::int64_t n) {
  const gmm_options& o = setting.options;
  if (!o.means_init.empty()) {
    return {o.means_init.data(), o.means_init.data() + o.n_components * rows.x().n_cols};
  }
  if (o.init != gmm_init::random_rows) {
    return draw_seeds(rows, setting, first_restart, n);
  }
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::vector<std::int64_t> drawn = draw_rows(o, rows.x().n_rows, first_restart + i);
    numbers.insert(numbers.end(), drawn.begin(), drawn.end());
  }
  return read_rows(rows, numbers);
}

/// Clusters of n restarts about their means, or about that of all rows where there are none yet.
std::vector<clusters> make_clusters(const problem& rows, const fit_setting& setting, const std::vector<double>& means,
                                    std::int64_t n) {
  std::vector<clusters> group;
  for (std::int64_t i = 0; i < n; ++i) {
    const double* const own = means.empty() ? nullptr : means.data() + i * (std::ssize(means) / n);
    group.push_back(clusters_about(rows, setting, own));
  }
  return group;
}

void require_prepared(const problem& rows, const gmm_options& o, const samebits_gmm_defect& defect,
                      const parameters& p) {
  if (defect.component < 0) {
    return;
  }
  const std::string place = " is not positive definite at column " + text(defect.column) + " (counted from 0)";
  if (!o.covariances_init.empty()) {
    refuse(rows.function(), spread_name("covariances_init", defect.component, o.covariance) + place);
  }
  if (!o.precisions_init.empty()) {
    refuse(rows.function(), "the inverse of " + spread_name("precisions_init", defect.component, o.covariance) + place);
  }
  require_regular(rows, o, defect, p, "at the start");
}

}  // namespace

samebits_gmm_rules fit_setting::rules() const {
  samebits_gmm_rules rules{};
  rules.reg_covar = reg_covar.data();
  return rules;
}

fit_setting make_setting(const problem& rows, const gmm_options& o) {
  const std::int64_t n = rows.x().n_cols;
  fit_setting setting{o, sum_of_weights(rows.ctx(), rows.function(), o.sample_weights, rows.x()), {}, std::nullopt};
  setting.reg_covar.assign(n, 0.0);
  if (!needs_all_rows(o, n)) {
    setting.reg_covar.assign(n, o.reg_covar);
    return setting;
  }
  parameters all(plain_type(o.covariance), 1, n);
  sums s = sums_of_all_rows(rows, setting.rules(), all);
  const std::vector<double> variances = variances_of(rows, setting.rules(), all, s);
  require_not_swamped(rows, o, variances);
  for (std::int64_t a = 0; a < n; ++a) {
    setting.reg_covar[a] = core::column_regularisation(o.reg_covar, o.reg_covar_relative, variances[a]);
  }
  const samebits_gmm_defect defect = rows.update(all, s, setting.rules());
  if (defect.component >= 0) {
    throw numerical_failure(std::string(rows.function()) + ": the covariance of x is singular at column " +
                            text(defect.column) + " (counted from 0) with " + regularisation_text(o) +
                            "; raise reg_covar, or drop or rescale the column");
  }
  setting.all_rows = std::move(all);
  return setting;
}

std::int64_t n_restarts(const gmm_options& o) {
  const bool is_given = !o.means_init.empty() || !o.responsibilities_init.empty() || o.warm_start != nullptr;
  return is_given ? 1 : o.n_init;
}

drawn_starts draw_starts(const problem& rows, const fit_setting& setting, std::int64_t first_restart, std::int64_t n) {
  const gmm_options& o = setting.options;
  drawn_starts drawn{first_restart, {}, {}};
  if (o.warm_start != nullptr) {
    return drawn;
  }
  if (has_shares(o)) {
    drawn.shared = make_clusters(rows, setting, {}, n);
    const auto source_of = [&](std::size_t i) {
      return shares_of(rows, o, first_restart + static_cast<std::int64_t>(i));
    };
    sum_shares(rows, setting, source_of, drawn.shared);
    return drawn;
  }
  drawn.means = draw_means(rows, setting, first_restart, n);
  if (runs_kmeans(o)) {
    drawn.shared = make_clusters(rows, setting, drawn.means, n);
    run_lloyd(rows, setting, drawn.shared);
  } else if (setting.from_clusters) {
    drawn.shared = make_clusters(rows, setting, drawn.means, n);
    share_out(rows, all_of(drawn.shared), nearest);
  }
  return drawn;
}

namespace {

/// Means, and where shares make them, weights and covariances as well. A cluster without rows counts as one row.
void set_means(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart,
               parameters& p) {
  if (drawn.shared.empty()) {
    const double* const means = drawn.means.data() + (restart - drawn.first_restart) * std::ssize(p.means);
    p.means.assign(means, means + p.means.size());
    return;
  }
  clusters c = start_clusters(rows, setting, drawn, restart);
  take_clusters(rows, setting, c, "at the start", p);
  if (runs_kmeans(setting.options) && std::find(p.weights.begin(), p.weights.end(), 0.0) != p.weights.end()) {
    core::fill_empty_weights(p.weights.data(), p.n_components, rows.x().n_rows);
  }
}

}  // namespace

parameters make_start(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart) {
  const gmm_options& o = setting.options;
  if (o.warm_start != nullptr) {
    parameters p(*o.warm_start);
    require_regular(rows, o, prepare(rows.ctx(), rows.function(), p), p, "at the start");
    return p;
  }
  parameters p = setting.all_rows ? like_all_rows(*setting.all_rows, o.covariance, o.n_components, true)
                                  : parameters(o.covariance, o.n_components, rows.x().n_cols);
  p.weights.assign(p.weights.size(), core::equal_weight(p.n_components));
  set_means(rows, setting, drawn, restart, p);
  if (!o.weights_init.empty()) {
    p.weights.assign(o.weights_init.begin(), o.weights_init.end());
  }
  set_given_covariances(rows, o, p);
  require_prepared(rows, o, prepare(rows.ctx(), rows.function(), p), p);
  return p;
}

clusters start_clusters(const problem& rows, const fit_setting& setting, drawn_starts& drawn, std::int64_t restart) {
  clusters& start = drawn.shared[restart - drawn.first_restart];
  require_finite_result(rows, start.log_likelihood,
                        runs_kmeans(setting.options) ? "in the k-means of the start" : "at the start");
  return std::move(start);
}

double smallest_variance(const problem& rows) {
  const double smallest =
      rows.x().dtype == SAMEBITS_FLOAT32 ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
  return rows.largest_weight() < 1 ? smallest / rows.largest_weight() : smallest;
}

void require_finite_result(const problem& rows, double log_likelihood, const std::string& where) {
  if (!std::isfinite(log_likelihood)) {
    require_finite(rows.ctx(), rows.function(), "x", rows.x());
    throw numerical_failure(std::string(rows.function()) + ": the log-likelihood overflows " + where +
                            "; x reaches too far from the means for its covariances");
  }
}

namespace {

/// Throws where a variance is so small that the squares it is made of have lost digits.
void require_normal_variances(const problem& rows, const parameters& p, const std::string& when) {
  const double smallest = smallest_variance(rows);
  for (std::int64_t k = 0; k < p.n_components; ++k) {
    for (std::int64_t a = 0; a < p.n_cols; ++a) {
      const double variance = p.covariance(k)[a * diagonal_step(p)];
      if (variance < smallest) {
        throw numerical_failure(std::string(rows.function()) + ": a variance of component " + text(k) + " is " +
                                text(variance) + " " + when + ", which underflows; rescale x");
      }
    }
  }
}

}  // namespace

void require_regular(const problem& rows, const gmm_options& o, const samebits_gmm_defect& defect, const parameters& p,
                     const std::string& when) {
  if (defect.component < 0) {
    return require_normal_variances(rows, p, when);
  }
  const std::string whose =
      is_tied(o.covariance) ? "the common covariance" : "the covariance of component " + text(defect.component);
  throw numerical_failure(std::string(rows.function()) + ": " + whose + " is singular at column " +
                          text(defect.column) + " (counted from 0) " + when + " with " + regularisation_text(o) +
                          "; raise reg_covar or ask for fewer components");
}

parameters like_all_rows(const parameters& all_rows, covariance_type type, std::int64_t n_components, bool shrunk) {
  parameters p(type, n_components, all_rows.n_cols);
  p.weights.assign(p.weights.size(), core::equal_weight(n_components));
  std::vector<double> covariance = all_rows.covariances;
  if (is_spherical(type)) {
    covariance.assign(covariance.size(), core::mean_variance(covariance.data(), p.n_cols));
  }
  for (double& element : covariance) {
    element = shrunk ? core::shrunk_covariance(element, n_components, p.n_cols) : element;
  }
  for (std::int64_t k = 0; k < n_components; ++k) {
    std::copy(all_rows.means.begin(), all_rows.means.end(), p.means.begin() + k * p.n_cols);
    std::copy(covariance.begin(), covariance.end(), p.covariance(k));
  }
  return p;
}

void maximise(const problem& rows, const fit_setting& setting, const share_source& source, const char* when,
              parameters& p) {
  std::vector<clusters> c = make_clusters(rows, setting, {}, 1);
  sum_shares(
      rows, setting, [&](std::size_t) { return source; }, c);
  take_clusters(rows, setting, c.front(), when, p);
}

gmm_model model_of(parameters p) {
  gmm_model model;
  model.covariance = p.type;
  model.n_components = p.n_components;
  model.n_cols = p.n_cols;
  model.covariances = p.compact_covariances();
  model.weights = std::move(p.weights);
  model.means = std::move(p.means);
  return model;
}

}  // namespace samebits::gmm
