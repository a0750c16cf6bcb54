// Fits a Gaussian mixture of two components to the rows of a CSV file, in C++.
//
//   ./fit data/faithful.csv
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "samebits/samebits.hpp"

// The numbers of a CSV file whose first line holds names, row after row.
static std::vector<double> read_csv(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<double> values;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) {
      values.push_back(std::stod(cell));
    }
  }
  return values;
}

int main(int argc, char** argv) try {
  const std::vector<double> values = read_csv(argc > 1 ? argv[1] : "data/faithful.csv");
  const samebits::matrix_view<const double> x(values.data(), static_cast<std::int64_t>(values.size()) / 2, 2);

  const samebits::context here;  // the best backend of this machine, all threads
  samebits::gmm_options options;
  options.n_components = 2;
  const samebits::gmm_model model = samebits::gmm_fit(here, x, options);

  for (std::size_t k = 0; k < 2; ++k) {
    std::printf("weight %.6f  mean (%.6f, %.6f)\n", model.weights[k], model.means[2 * k], model.means[2 * k + 1]);
  }
  // The same line on every machine, with any instruction set and any number of threads.
  std::printf("digest %s\n", samebits::gmm_digest(model).c_str());
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "fit: %s\n", e.what());
  return 1;
}
