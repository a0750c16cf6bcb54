#include "cli/model.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <utility>

#include "samebits/gmm_file.hpp"

namespace samebits::cli {

using json = nlohmann::ordered_json;

// ---- options -----------------------------------------------------------------------------------------------------

void refuse(const std::string& command, const std::string& what) { throw invalid_argument(command + ": " + what); }

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

namespace {

/// "7" or "5..8" as its first and last number.
std::optional<std::pair<std::int64_t, std::int64_t>> range_of(std::string_view part) {
  std::pair<std::int64_t, std::int64_t> range;
  const char* const end = part.data() + part.size();
  auto read = std::from_chars(part.data(), end, range.first);
  range.second = range.first;
  if (read.ec == std::errc{} &&
      std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr)).starts_with("..")) {
    read = std::from_chars(read.ptr + 2, end, range.second);
  }
  const bool is_well = read.ec == std::errc{} && read.ptr == end && range.first <= range.second;
  return is_well ? std::optional(range) : std::nullopt;
}

gmm_init init_of(const std::string& command, const std::string& name) {
  std::vector<std::pair<gmm_init, const char*>> values;
  for (const gmm_init init :
       {gmm_init::kmeans_plus_plus, gmm_init::kmeans, gmm_init::random_rows, gmm_init::random_responsibilities}) {
    values.emplace_back(init, name_of(init));
  }
  return chosen(command, "--init", name, values);
}

gmm_schedule schedule_of(const std::string& command, const std::string& name) {
  return chosen<gmm_schedule>(
      command, "--schedule", name,
      {{gmm_schedule::automatic, "automatic"}, {gmm_schedule::rows, "rows"}, {gmm_schedule::components, "components"}});
}

}  // namespace

covariance_type covariance_of(const std::string& command, const std::string& name) {
  std::vector<std::pair<covariance_type, const char*>> values;
  for (const covariance_type type : covariance_types) {
    values.emplace_back(type, name_of(type));
  }
  return chosen(command, "--covariance", name, values);
}

std::vector<covariance_type> covariances_of(const std::string& command, const std::string& names) {
  if (names == "all") {
    return {std::begin(covariance_types), std::end(covariance_types)};
  }
  std::vector<covariance_type> types;
  for (const std::string& name : parts_of(names)) {
    types.push_back(covariance_of(command, name));
  }
  return types;
}

std::vector<std::int64_t> numbers_of(const std::string& command, const std::string& option, const std::string& text) {
  constexpr std::int64_t most = 1'000'000;
  constexpr std::int64_t largest = std::int64_t{1} << 53;
  const auto refuse_list = [&](const std::string& why) { refuse(command, option + " is \"" + text + "\"" + why); };
  std::vector<std::int64_t> numbers;
  for (const std::string& part : parts_of(text)) {
    const auto range = range_of(part);
    if (!range) {
      refuse_list(" but must be whole numbers such as 2 or 1,2,5..8");
    }
    if (range->first < 0 || range->second > largest) {
      refuse_list(" but its numbers must be 0 to " + std::to_string(largest));
    }
    if (range->second - range->first >= most - std::ssize(numbers)) {
      refuse_list(", which is more than a million numbers");
    }
    for (std::int64_t i = range->first; i <= range->second; ++i) {
      numbers.push_back(i);
    }
  }
  return numbers;
}

samebits_dtype float_type(const std::string& command, const std::string& name) {
  return chosen<samebits_dtype>(
      command, "--dtype", name,
      {{SAMEBITS_FLOAT64, dtype_name(SAMEBITS_FLOAT64)}, {SAMEBITS_FLOAT32, dtype_name(SAMEBITS_FLOAT32)}});
}

void fitting_options::add_to(CLI::App& app) {
  stream.add_to(app);
  app.add_option("--n-init", gmm.n_init, "random starts, run side by side; the best fit wins")->capture_default_str();
  app.add_option("--init", init, "where means come from: k-means++, k-means, random-rows or random-responsibilities")
      ->capture_default_str();
  app.add_option("--max-iter", gmm.max_iter, "most iterations")->capture_default_str();
  app.add_option(
         "--tol", gmm.tol,
         "stop when the mean log-likelihood changes by at most this; negative: make exactly --max-iter iterations")
      ->capture_default_str();
  app.add_option("--reg-covar", gmm.reg_covar, "added to the diagonal of every covariance")->capture_default_str();
  app.add_option("--reg-covar-relative", gmm.reg_covar_relative,
                 "added as well: this times the variance of the column, whatever its unit")
      ->capture_default_str();
  app.add_option("--weights", weights_file, "file of a weight for each row")->type_name("FILE");
  app.add_option("--schedule", schedule, "how threads share the work: automatic, rows or components (same bits)")
      ->capture_default_str();
}

gmm_options fitting_options::read(const std::string& command) {
  gmm_options options = gmm;
  options.init = init_of(command, init);
  options.schedule = schedule_of(command, schedule);
  std::tie(options.seed, options.task) = std::pair(seed_of(stream.seed), stream.task);
  weights_ = read_if_given(command, weights_file);
  if (weights_) {
    options.sample_weights = weights_->values;
  }
  return options;
}

// ---- input -------------------------------------------------------------------------------------------------------

table read_data(const std::string& command, const std::string& file) {
  progress bar;
  return read_table(file, [&](const char* stage, double share) {
    if (interrupted()) {
      throw samebits::interrupted(command + ": stopped by Ctrl-C");
    }
    bar.show(share, std::string(stage) + ' ' + file);
  });
}

std::optional<table> read_if_given(const std::string& command, const std::string& file) {
  return file.empty() ? std::optional<table>() : read_data(command, file);
}

matrix_view<const double> view(const std::optional<table>& t) {
  return t ? matrix_view<const double>(t->values.data(), t->n_rows, t->n_cols) : matrix_view<const double>();
}

gmm_model read_model(const std::string& file) {
  try {
    return gmm_load(file);
  } catch (const error& e) {
    if (e.status() != SAMEBITS_FILE_ERROR && e.status() != SAMEBITS_INVALID_ARGUMENT) {
      throw;
    }
    constexpr std::string_view function = "gmm_load: ";
    const std::string message = e.what();
    throw input_error(message.starts_with(function) ? message.substr(function.size()) : message);
  }
}

data_rows::data_rows(const std::string& command, const std::string& file, samebits_dtype dtype)
    : table_(read_data(command, file)), dtype_(dtype) {
  if (dtype_ != SAMEBITS_FLOAT32) {
    return;
  }
  floats_.reserve(table_.values.size());
  for (const double value : table_.values) {
    floats_.push_back(static_cast<float>(value));
  }
  const auto lost = std::find_if(floats_.begin(), floats_.end(), [](float value) { return std::isinf(value); });
  if (lost != floats_.end()) {
    const std::int64_t index = lost - floats_.begin();
    std::string number;
    append_number(number, table_.values[static_cast<std::size_t>(index)]);
    throw input_error(file + ": row " + std::to_string(index / n_cols()) + ", column " +
                      std::to_string(index % n_cols()) + " (counted from 0): " + number +
                      " is outside the range of float32");
  }
  table_.values = {};
}

// ---- progress ----------------------------------------------------------------------------------------------------

std::int64_t runs_of(const gmm_options& options) {
  const bool is_given =
      options.warm_start != nullptr || !options.means_init.empty() || !options.responsibilities_init.empty();
  return is_given ? 1 : options.n_init;
}

std::function<bool(const gmm_iteration&)> watch(progress& bar, const gmm_options& options) {
  // Restarts run side by side, so that reports come out of order; the bar only grows.
  return [&bar, n_runs = runs_of(options), max_iter = options.max_iter, best = 0.0](const gmm_iteration& i) mutable {
    const double share = static_cast<double>(i.iteration) / static_cast<double>(max_iter);
    best = std::max(best, (static_cast<double>(i.restart) + share) / static_cast<double>(n_runs));
    bar.show(best, "restart " + std::to_string(i.restart + 1) + " of " + std::to_string(n_runs) + ", iteration " +
                       std::to_string(i.iteration) + ", log-likelihood " + short_number(i.log_likelihood));
    return !interrupted();
  };
}

void in_chunks(const std::string& command, const std::string& file, std::uint64_t n_rows, std::int64_t values_per_row,
               const std::function<bool(std::uint64_t first, std::int64_t n)>& work) {
  constexpr std::int64_t chunk_values = std::int64_t{1} << 22;
  const auto chunk = static_cast<std::uint64_t>(std::max<std::int64_t>(1, chunk_values / values_per_row));
  progress bar;
  for (std::uint64_t done = 0; done < n_rows;) {
    const std::uint64_t n = std::min(chunk, n_rows - done);
    if (!work(done, static_cast<std::int64_t>(n)) && !interrupted()) {
      return;
    }
    if (interrupted()) {
      throw samebits::interrupted(command + ": stopped by Ctrl-C");
    }
    done += n;
    if (!file.empty()) {
      bar.show(static_cast<double>(done) / static_cast<double>(n_rows), file);
    }
  }
}

// ---- output ------------------------------------------------------------------------------------------------------

number_output::number_output(const std::string& command, const std::string& option, const std::string& file,
                             samebits_dtype dtype, const std::vector<std::uint64_t>& shape)
    : is_npy_(file.ends_with(".npy")), n_cols_(shape.size() == 1 ? 1 : static_cast<std::size_t>(shape[1])) {
  if (file.empty()) {
    // A reader that has seen enough ends the command, which is no error: standard output reports it.
    std::signal(SIGPIPE, SIG_IGN);
    return;
  }
  if (!is_npy_ && !file.ends_with(".csv")) {
    refuse(command, option + " is \"" + file + "\" but must end in .npy or .csv");
  }
  file_.emplace(file);
  if (is_npy_) {
    file_->write(npy_header(dtype, shape));
  }
}

bool number_output::write_bytes(std::string_view bytes) {
  if (!file_) {
    return write_standard_output(bytes);
  }
  file_->write(bytes);
  return true;
}

std::string number_output::finish() {
  if (file_) {
    file_->finish();
  }
  return digest_text(hash_.finish());
}

json model_json(const gmm_model& model) { return json::parse(gmm_to_json(model)); }

json criteria_json(const gmm_criteria& c) {
  json answer;
  answer["total_log_likelihood"] = c.log_likelihood;
  answer["n_parameters"] = c.n_parameters;
  answer["aic"] = c.aic;
  answer["bic"] = c.bic;
  answer["entropy"] = c.entropy;
  answer["icl"] = c.icl;
  return answer;
}

std::string place_text(const context& ctx) {
  return std::string("on ") + ctx.backend() + " (" + ctx.isa() + ", " + std::to_string(ctx.n_threads()) + " threads)";
}

namespace {

void print_row(const char* label, const double* values, std::int64_t n) {
  std::printf("  %-14s", label);
  for (std::int64_t i = 0; i < n; ++i) {
    std::printf(" %12.6g", values[i]);
  }
  std::printf("\n");
}

void print_column_names(const std::vector<std::string>& names) {
  if (names.empty()) {
    return;
  }
  std::printf("  %-14s", "");
  for (const std::string& name : names) {
    std::printf(" %12.12s", name.c_str());
  }
  std::printf("\n");
}

bool is_shared(covariance_type type) {
  return type == covariance_type::tied || type == covariance_type::tied_diag || type == covariance_type::tied_spherical;
}

/// Covariance number k of those that the type has.
void print_covariance(const gmm_model& m, std::int64_t k) {
  const std::int64_t n = covariances_shape(m.covariance, m.n_components, m.n_cols).n_cols;
  const bool is_matrix = m.covariance == covariance_type::full || m.covariance == covariance_type::tied;
  const std::int64_t n_rows = is_matrix ? n : 1;
  const char* const label = is_matrix ? "covariance" : n == 1 ? "variance" : "variances";
  for (std::int64_t a = 0; a < n_rows; ++a) {
    print_row(a == 0 ? label : "", m.covariances.data() + (k * n_rows + a) * n, n);
  }
}

}  // namespace

void print_model(const gmm_model& m, const std::vector<std::string>& column_names) {
  for (std::int64_t k = 0; k < m.n_components; ++k) {
    std::printf("\ncomponent %lld, weight %.6f\n", static_cast<long long>(k), m.weights[static_cast<std::size_t>(k)]);
    print_column_names(column_names);
    print_row("mean", m.means.data() + k * m.n_cols, m.n_cols);
    if (!is_shared(m.covariance)) {
      print_covariance(m, k);
    }
  }
  if (is_shared(m.covariance)) {
    std::printf("\nall components\n");
    print_column_names(column_names);
    print_covariance(m, 0);
  }
}

}  // namespace samebits::cli
