#include "cli/pair_options.hpp"

#include <charconv>

namespace samebits::cli {
namespace {

pair_kernel kernel_of(const std::string& command, const std::string& name) {
  std::vector<std::pair<pair_kernel, const char*>> values;
  for (int i = 0; i < n_pair_kernels; ++i) {
    const auto kernel = static_cast<pair_kernel>(i);
    values.emplace_back(kernel, name_of(kernel));
  }
  return chosen(command, "--kernel", name, values);
}

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end ? std::optional(number) : std::nullopt;
}

std::string shortest(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

}  // namespace

void pair_kernel_options::add_kernel_to(CLI::App& app) {
  app.add_option("--kernel", kernel_name,
                 "product, polynomial, cosine, squared-distance, power, gaussian, matern-1/2, matern-3/2, matern-5/2, "
                 "inverse-multiquadric, l1 or laplacian")
      ->type_name("NAME")
      ->capture_default_str();
}

void pair_kernel_options::add_parameters_to(CLI::App& app, const std::string& exponent_help) {
  app.add_option("--exponent", exponent, exponent_help)->type_name("NUMBER")->default_str("1");
  app.add_option("--gamma", gamma, "of polynomial: factor of the product")->type_name("NUMBER")->default_str("1");
  app.add_option("--offset", offset, "of polynomial: added to that")->type_name("NUMBER")->default_str("0");
  app.add_option("--degree", degree, "of polynomial: power of that, 1 to 64")->type_name("N")->default_str("2");
}

void pair_kernel_options::check_parameters(const std::string& command, pair_kernel kernel) const {
  const auto needs = [&](bool is_given, const char* option, pair_kernel needed) {
    if (is_given && kernel != needed) {
      refuse(command, std::string(option) + " needs --kernel " + name_of(needed));
    }
  };
  needs(exponent.has_value(), "--exponent", pair_kernel::power);
  needs(gamma.has_value(), "--gamma", pair_kernel::polynomial);
  needs(offset.has_value(), "--offset", pair_kernel::polynomial);
  needs(degree.has_value(), "--degree", pair_kernel::polynomial);
  if (!bandwidth.empty() && !core::has_bandwidth(kernel)) {
    refuse(command, "--bandwidth is given but --kernel is " + kernel_name + ", which has no bandwidth");
  }
}

pairwise_options pair_kernel_options::read(const std::string& command) const {
  pairwise_options options;
  options.kernel = kernel_of(command, kernel_name);
  check_parameters(command, options.kernel);
  options.exponent = exponent.value_or(options.exponent);
  options.gamma = gamma.value_or(options.gamma);
  options.offset = offset.value_or(options.offset);
  options.degree = degree.value_or(options.degree);
  return options;
}

std::vector<double> pair_kernel_options::bandwidths(const std::string& command) const {
  std::vector<double> numbers;
  if (bandwidth.empty() || is_median()) {
    return numbers;
  }
  for (const std::string& part : parts_of(bandwidth)) {
    const std::optional<double> number = number_of(part);
    if (!number) {
      refuse(command, "--bandwidth is \"" + bandwidth + "\" but must be median, or numbers such as 0.5 or 0.5,1,2");
    }
    numbers.push_back(*number);
  }
  return numbers;
}

void add_kernel_json(nlohmann::ordered_json& answer, const pairwise_options& options) {
  answer["kernel"] = name_of(options.kernel);
  if (options.kernel == pair_kernel::power) {
    answer["exponent"] = options.exponent;
  }
  if (options.kernel == pair_kernel::polynomial) {
    answer["gamma"] = options.gamma;
    answer["offset"] = options.offset;
    answer["degree"] = options.degree;
  }
}

std::string kernel_text(const pairwise_options& options) {
  std::string text = std::string("kernel ") + name_of(options.kernel);
  if (options.kernel == pair_kernel::power) {
    return text + " with exponent " + shortest(options.exponent);
  }
  if (options.kernel == pair_kernel::polynomial) {
    return text + " with gamma " + shortest(options.gamma) + ", offset " + shortest(options.offset) + ", degree " +
           std::to_string(options.degree);
  }
  return text;
}

}  // namespace samebits::cli
