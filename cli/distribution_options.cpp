#include "cli/distribution_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "cli/command.hpp"
#include "cli/numbers.hpp"
#include "cli/table.hpp"
#include "samebits/core/cholesky.hpp"
#include "samebits/error.hpp"

namespace samebits::cli {
namespace {

using json = nlohmann::ordered_json;

// ---- what options a distribution has ------------------------------------------------------------------------------

enum class option_kind { number, count, list, file };

struct option_info {
  std::string name;       // without dashes
  std::string parameter;  // what the library calls it
  option_kind kind;
  std::string standard;  // empty: it has to be given
};

/// The catalogue's "n" means something else for each.
const char* count_option(const distribution_info& info) {
  switch (info.kind) {
    case SAMEBITS_INTEGERS: return "below";
    case SAMEBITS_ROTATION: return "dim";
    case SAMEBITS_BINOMIAL:
    case SAMEBITS_MULTINOMIAL: return "trials";
    default: return "cols";
  }
}

std::string decimals(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

std::vector<option_info> options_of(const distribution_info& info) {
  std::vector<option_info> options;
  if (info.count != nullptr) {
    options.push_back({count_option(info), info.count, option_kind::count, ""});
  }
  for (const distribution_parameter& p : info.parameters) {
    options.push_back({p.name, p.name, option_kind::number, decimals(p.standard)});
  }
  if (info.kind == SAMEBITS_MULTIVARIATE_NORMAL) {
    options.push_back({"mean", "mean_and_factor", option_kind::list, ""});
    options.push_back({"covariance", "", option_kind::file, ""});
    options.push_back({"factor", "", option_kind::file, ""});
  } else if (info.values != nullptr) {
    options.push_back({info.values, info.values, option_kind::list, ""});
  }
  return options;
}

const char* placeholder(option_kind kind) {
  switch (kind) {
    case option_kind::number: return "NUMBER";
    case option_kind::count: return "N";
    case option_kind::list: return "LIST";
    default: return "FILE";
  }
}

// ---- numbers, lists and files --------------------------------------------------------------------------------------

[[noreturn]] void refuse(const std::string& reason) { throw invalid_argument("random: " + reason); }

std::string text(std::int64_t value) { return std::to_string(value); }

std::string size_text(const table& t) { return text(t.n_rows) + " x " + text(t.n_cols); }

/// `0.2,0.3,0.5`, or `@` and the name of a file with one row or one column.
std::vector<double> number_list(const std::string& option, const std::string& given) {
  if (given.starts_with('@')) {
    table t = read_table(given.substr(1));
    if (t.n_rows != 1 && t.n_cols != 1) {
      refuse(option + ": " + given.substr(1) + " is " + size_text(t) + " but must be one row or one column");
    }
    return std::move(t.values);
  }
  if (given.empty()) {
    refuse(option + " is empty");
  }
  std::vector<double> values;
  for (std::size_t begin = 0; begin <= given.size();) {
    const std::size_t end = std::min(given.find(',', begin), given.size());
    values.push_back(real_number(option + "[" + std::to_string(values.size()) + "]", given.substr(begin, end - begin)));
    begin = end + 1;
  }
  return values;
}

table square_table(const std::string& option, const std::string& file) {
  table t = read_table(file.starts_with('@') ? file.substr(1) : file);
  if (t.n_rows != t.n_cols) {
    refuse(option + ": " + file + " is " + size_text(t) + " but must be square");
  }
  return t;
}

/// As many numbers as a multivariate normal has columns, from whichever option came first.
class column_count {
 public:
  void agree(const std::string& option, std::int64_t n) {
    if (n_ != 0 && n != n_) {
      refuse(option + " has " + text(n) + (n == 1 ? " column" : " columns") + " but " + option_ + " has " + text(n_));
    }
    option_ = option;
    n_ = n;
  }
  std::int64_t n() const { return n_; }

 private:
  std::string option_;
  std::int64_t n_ = 0;
};

// ---- covariances ---------------------------------------------------------------------------------------------------

/// The Cholesky factor of the covariance in a file, lower triangular.
table covariance_factor(const std::string& file) {
  const table covariance = square_table("--covariance", file);
  const std::int64_t n = covariance.n_rows;
  const auto at = [n](std::int64_t i, std::int64_t j) { return static_cast<std::size_t>(i * n + j); };
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      const double lower = covariance.values[at(i, j)];
      const double upper = covariance.values[at(j, i)];
      if (std::abs(lower - upper) > 1e-9 * (std::abs(lower) + std::abs(upper))) {
        refuse("--covariance: " + file + " is not symmetric: row " + text(i) + ", column " + text(j) + " is " +
               decimals(lower) + " but its mirror is " + decimals(upper) + " (counted from 0)");
      }
    }
  }
  std::vector<double> r = covariance.values;
  const std::int64_t n_factored = core::cholesky_upper(r.data(), covariance.values.data(), n);
  if (n_factored < n) {
    refuse("--covariance: " + file + " is not positive definite at column " + text(n_factored) + " (counted from 0)");
  }
  table factor{n, n, std::vector<double>(r.size()), {}};
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      factor.values[at(i, j)] = r[at(j, i)];
    }
  }
  return factor;
}

table given_factor(const std::string& file) {
  table factor = square_table("--factor", file);
  for (std::int64_t i = 0; i < factor.n_rows; ++i) {
    for (std::int64_t j = i + 1; j < factor.n_cols; ++j) {
      const double value = factor.values[static_cast<std::size_t>(i * factor.n_cols + j)];
      if (value != 0) {
        refuse("--factor: " + file + ": row " + text(i) + ", column " + text(j) + " is " + decimals(value) +
               " but a factor is lower triangular (counted from 0)");
      }
    }
  }
  return factor;
}

table unit_matrix(std::int64_t n) {
  table unit{n, n, std::vector<double>(static_cast<std::size_t>(n * n)), {}};
  for (std::size_t i = 0; i < unit.values.size(); i += static_cast<std::size_t>(n) + 1) {
    unit.values[i] = 1;
  }
  return unit;
}

// ---- what people see -----------------------------------------------------------------------------------------------

const distribution_info& find_distribution(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  for (const distribution_info& info : list_distributions()) {
    if (info.name == name) {
      return info;
    }
  }
  refuse("\"" + name + "\" is not a distribution; samebits random --list shows them");
}

bool has_rows(const distribution_info& info) {
  return info.kind == SAMEBITS_MULTINOMIAL || info.kind == SAMEBITS_DIRICHLET ||
         info.kind == SAMEBITS_MULTIVARIATE_NORMAL || info.kind == SAMEBITS_SPHERE;
}

std::string samples_text(const distribution_info& info) {
  std::string types;
  for (const samebits_dtype dtype : info.dtypes) {
    types += (types.empty() ? "" : " or ") + std::string(dtype_name(dtype));
  }
  return (has_rows(info) ? "rows of " : info.kind == SAMEBITS_ROTATION ? "matrices of " : "") + types;
}

/// JSON has no infinity.
json finite_or_text(double value) { return std::isfinite(value) ? json(value) : json(decimals(value)); }

}  // namespace

std::uint64_t whole_number(const std::string& name, const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) {
    refuse(name + " is \"" + text + "\" but must be a whole number below 2^64");
  }
  return value;
}

double real_number(const std::string& name, const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) {
    digits.remove_prefix(1);
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error == std::errc::invalid_argument || stop != end || std::isnan(value)) {
    refuse(name + " is \"" + text + "\" but must be a number");
  }
  if (error == std::errc::result_out_of_range) {
    refuse(name + " is " + text + ", which is outside the range of float64");
  }
  return value;
}

// ---- a distribution that was chosen
// ----------------------------------------------------------------------------------

samebits_distribution chosen_distribution::description() const {
  samebits_distribution d = description_;
  d.values = values_.data();
  d.n_values = static_cast<std::int64_t>(values_.size());
  return d;
}

std::vector<std::uint64_t> chosen_distribution::shape() const {
  if (info_->kind == SAMEBITS_ROTATION) {
    return {description_.count, description_.count};
  }
  if (has_rows(*info_)) {
    return {static_cast<std::uint64_t>(row_size(description()))};
  }
  return {};
}

json chosen_distribution::parameters() const {
  json answer = json::object();
  if (info_->count != nullptr) {
    answer[count_option(*info_)] = description_.count;
  }
  for (std::size_t i = 0; i < info_->parameters.size(); ++i) {
    answer[info_->parameters[i].name] = finite_or_text(description_.parameters[i]);
  }
  if (info_->kind == SAMEBITS_MULTIVARIATE_NORMAL) {
    const auto n = static_cast<std::int64_t>(description_.count);
    answer["mean"] = std::vector<double>(values_.data(), values_.data() + n);
    answer["factor"] = json_rows(values_.data() + n, n, n);
  } else if (info_->values != nullptr) {
    answer[info_->values] = values_;
  }
  return answer;
}

std::string chosen_distribution::in_options(const std::string& message) const {
  const std::string prefix = "fill: " + std::string(info_->name) + ".";
  if (message.starts_with(prefix)) {
    const std::size_t end = message.find_first_of(" [", prefix.size());
    const std::string parameter = message.substr(prefix.size(), end - prefix.size());
    for (const option_info& option : options_of(*info_)) {
      if (option.parameter == parameter) {
        return "random: --" + option.name + message.substr(end);
      }
    }
  }
  return "random: " + message;
}

// ---- the options
// -----------------------------------------------------------------------------------------------------

void distribution_options::add_to(CLI::App& app) {
  struct help {
    std::string name;
    option_kind kind;
    std::string owners;
  };
  std::vector<help> helps;
  for (const distribution_info& info : list_distributions()) {
    for (const option_info& o : options_of(info)) {
      const auto known = std::find_if(helps.begin(), helps.end(), [&](const help& h) { return h.name == o.name; });
      help& h = known != helps.end() ? *known : helps.emplace_back(help{o.name, o.kind, "of"});
      h.owners += (h.owners == "of" ? " " : ", ") + std::string(info.name);
    }
  }
  for (const help& h : helps) {
    options_.push_back(std::make_unique<given_option>(given_option{h.name, "", nullptr}));
    options_.back()->option = app.add_option("--" + h.name, options_.back()->text, h.owners)
                                  ->type_name(placeholder(h.kind))
                                  ->group("Parameters");
  }
}

/// What was given for an option, or NULL.
const std::string* distribution_options::text_of(const std::string& name) const {
  for (const auto& o : options_) {
    if (o->name == name && o->option->count() > 0) {
      return &o->text;
    }
  }
  return nullptr;
}

void distribution_options::read_multivariate_normal(chosen_distribution& d) const {
  const std::string* const cols = text_of("cols");
  const std::string* const mean = text_of("mean");
  const std::string* const covariance = text_of("covariance");
  const std::string* const factor = text_of("factor");
  if (covariance != nullptr && factor != nullptr) {
    refuse("--covariance and --factor exclude each other");
  }
  column_count columns;
  if (cols != nullptr) {
    constexpr std::uint64_t most = std::uint64_t{1} << 20;
    const std::uint64_t n = whole_number("--cols", *cols);
    if (n < 1 || n > most) {
      refuse("--cols is " + *cols + " but must lie in [1, 2^20]");
    }
    columns.agree("--cols", static_cast<std::int64_t>(n));
  }
  if (mean != nullptr) {
    d.values_ = number_list("--mean", *mean);
    columns.agree("--mean", static_cast<std::int64_t>(d.values_.size()));
  }
  table matrix;
  if (covariance != nullptr) {
    matrix = covariance_factor(*covariance);
    columns.agree("--covariance", matrix.n_cols);
  } else if (factor != nullptr) {
    matrix = given_factor(*factor);
    columns.agree("--factor", matrix.n_cols);
  } else if (columns.n() == 0) {
    refuse("multivariate_normal needs --covariance, --factor, --mean or --cols");
  } else {
    matrix = unit_matrix(columns.n());
  }
  d.description_.count = static_cast<std::uint64_t>(columns.n());
  d.values_.resize(static_cast<std::size_t>(columns.n()));
  d.values_.insert(d.values_.end(), matrix.values.begin(), matrix.values.end());
}

chosen_distribution distribution_options::choose(const std::string& name) const {
  chosen_distribution d;
  d.info_ = &find_distribution(name);
  const std::vector<option_info> own = options_of(*d.info_);
  for (const auto& o : options_) {
    const bool is_own =
        std::any_of(own.begin(), own.end(), [&](const option_info& info) { return info.name == o->name; });
    if (o->option->count() > 0 && !is_own) {
      refuse(std::string(d.info_->name) + " has no option --" + o->name);
    }
  }
  samebits_distribution_init(&d.description_, d.info_->kind);
  if (d.info_->kind == SAMEBITS_MULTIVARIATE_NORMAL) {
    read_multivariate_normal(d);
    return d;
  }
  double* next_parameter = d.description_.parameters;
  for (const option_info& o : own) {
    const std::string* const given = text_of(o.name);
    if (given == nullptr && o.standard.empty()) {
      refuse(std::string(d.info_->name) + " needs --" + o.name);
    }
    const std::string option = "--" + o.name;
    switch (o.kind) {
      case option_kind::count: d.description_.count = whole_number(option, *given); break;
      case option_kind::list: d.values_ = number_list(option, *given); break;
      default:
        if (given != nullptr) {
          *next_parameter = real_number(option, *given);
        }
        ++next_parameter;
    }
  }
  return d;
}

// ---- the list
// --------------------------------------------------------------------------------------------------------

std::string distribution_table() {
  const auto line = [](std::string name, std::string options, const std::string& samples) {
    constexpr std::size_t name_width = 24;
    constexpr std::size_t options_width = 66;
    name.resize(std::max(name.size() + 1, name_width), ' ');
    options.resize(std::max(options.size() + 1, options_width), ' ');
    return name + options + samples + "\n";
  };
  std::string answer = line("distribution", "options", "samples");
  for (const distribution_info& info : list_distributions()) {
    std::string options;
    for (const option_info& o : options_of(info)) {
      options +=
          (options.empty() ? "--" : " --") + o.name + " " + (o.standard.empty() ? placeholder(o.kind) : o.standard);
    }
    answer += line(info.name, options, samples_text(info));
  }
  return answer +
         "\nA number after an option is its default. LIST: 0.2,0.3,0.5 or @ and the name of a .csv or .npy file.\n"
         "multivariate_normal takes --covariance or --factor (lower triangular); without them it is the unit matrix,\n"
         "without --mean the mean is 0, and --cols is needed only where nothing else has a size.\n";
}

json distributions_json() {
  json answer = json::array();
  for (const distribution_info& info : list_distributions()) {
    json options = json::array();
    for (const option_info& o : options_of(info)) {
      json option = {{"name", o.name}, {"value", placeholder(o.kind)}};
      if (!o.standard.empty()) {
        option["default"] = finite_or_text(real_number(o.name, o.standard));
      }
      options.push_back(option);
    }
    json dtypes = json::array();
    for (const samebits_dtype dtype : info.dtypes) {
      dtypes.push_back(dtype_name(dtype));
    }
    answer.push_back({{"name", info.name}, {"options", options}, {"dtypes", dtypes}});
  }
  return answer;
}

}  // namespace samebits::cli
