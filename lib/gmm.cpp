// Gaussian mixtures: fits by expectation-maximisation; names and shapes.
#include "samebits/gmm.hpp"

#include <cstddef>

#include "lib/fp_environment.hpp"
#include "lib/gmm_checks.hpp"
#include "lib/gmm_em.hpp"
#include "samebits/digest.hpp"

namespace samebits {
namespace gmm {
namespace {

gmm_model checked_fit(const context& ctx, const data_view& x, const gmm_options& o) {
  const default_fp_environment environment;
  check_fit(ctx, "gmm_fit", x, o);
  return fit(ctx, "gmm_fit", x, o);
}

}  // namespace
}  // namespace gmm

// ---- the public functions ----------------------------------------------------------------------------------------

gmm_model gmm_fit(const context& ctx, matrix_view<const double> x, const gmm_options& options) {
  return gmm::checked_fit(ctx, x, options);
}
gmm_model gmm_fit(const context& ctx, matrix_view<const float> x, const gmm_options& options) {
  return gmm::checked_fit(ctx, x, options);
}

std::string gmm_digest(const gmm_model& model) {
  sha256 digest;
  digest.update(std::span(model.weights));
  digest.update(std::span(model.means));
  digest.update(std::span(model.covariances));
  digest.update(std::span(&model.log_likelihood, 1));
  return digest_text(digest.finish());
}

// ---- names and shapes --------------------------------------------------------------------------------------------

namespace {

constexpr const char* covariance_names[] = {"full", "tied", "diag", "spherical", "tied-diag", "tied-spherical"};
constexpr const char* init_names[] = {"k-means++", "k-means", "random-rows", "random-responsibilities"};

template <class Enum, std::size_t N>
Enum named(const char* function, const char* what, const char* const (&names)[N], std::string_view name) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) {
      return static_cast<Enum>(i);
    }
    all += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw invalid_argument(std::string(function) + ": there is no " + what + " named \"" + std::string(name) +
                         "\"; there are " + all);
}

template <class Enum, std::size_t N>
const char* name_in(const char* const (&names)[N], Enum value) {
  const std::size_t i = static_cast<std::size_t>(value);
  return i < N ? names[i] : "unknown";
}

}  // namespace

const char* name_of(covariance_type type) { return name_in(covariance_names, type); }
const char* name_of(gmm_init init) { return name_in(init_names, init); }

covariance_type covariance_type_named(std::string_view name) {
  return named<covariance_type>("covariance_type_named", "type of covariance", covariance_names, name);
}
gmm_init gmm_init_named(std::string_view name) { return named<gmm_init>("gmm_init_named", "start", init_names, name); }

matrix_shape covariances_shape(covariance_type type, std::int64_t n_components, std::int64_t n_cols) {
  switch (type) {
    case covariance_type::full: return {n_components * n_cols, n_cols};
    case covariance_type::tied: return {n_cols, n_cols};
    case covariance_type::diag: return {n_components, n_cols};
    case covariance_type::spherical: return {n_components, 1};
    case covariance_type::tied_diag: return {1, n_cols};
    case covariance_type::tied_spherical: return {1, 1};
  }
  return {0, 0};
}

}  // namespace samebits
