// Sums over all pairs of a function of one's own on a GPU: great_circle.cpp with rows in the memory of the device, and
// the same bits.
//
//   ./great_circle_cuda
//
// Without a GPU it says so and runs on the CPU. Launches return at once; everything here waits for the copy of results.
#include <samebits/pair_functor.hpp>

#include "great_circle.hpp"

using samebits::pairwise_mode;

static bool ok(cudaError_t status) {
  if (status != cudaSuccess) {
    std::fprintf(stderr, "great_circle: %s\n", cudaGetErrorString(status));
  }
  return status == cudaSuccess;
}

// Numbers on the device, freed at the end.
class device_numbers {
 public:
  explicit device_numbers(std::int64_t n) : n_(n) { is_there_ = ok(cudaMalloc(&numbers_, size())); }
  ~device_numbers() { cudaFree(numbers_); }
  device_numbers(const device_numbers&) = delete;
  device_numbers& operator=(const device_numbers&) = delete;

  bool is_there() const { return is_there_; }
  double* data() const { return numbers_; }
  bool take(const double* host) { return ok(cudaMemcpy(numbers_, host, size(), cudaMemcpyHostToDevice)); }
  bool give(double* host) const { return ok(cudaMemcpy(host, numbers_, size(), cudaMemcpyDeviceToHost)); }

 private:
  std::size_t size() const { return static_cast<std::size_t>(n_) * sizeof(double); }

  double* numbers_ = nullptr;
  std::int64_t n_;
  bool is_there_ = false;
};

static bool sum_on_gpu(const std::vector<double>& places, double* city_sums, double* total) {
  const std::int64_t n_places = static_cast<std::int64_t>(places.size()) / 2;
  device_numbers city_rows(n_cities * 2);
  device_numbers sums(n_cities);
  device_numbers rows(n_places * 2);
  device_numbers work(n_places);
  device_numbers sum(1);
  for (const device_numbers* numbers : {&city_rows, &sums, &rows, &work, &sum}) {
    if (!numbers->is_there()) {
      return false;
    }
  }
  if (!city_rows.take(cities) || !rows.take(places.data())) {
    return false;
  }
  const samebits::functor_pairs<double> of_cities{
      .x = city_rows.data(), .n_x = n_cities, .n_cols = 2, .mode = pairwise_mode::u};
  const samebits::functor_pairs<double> of_places{
      .x = rows.data(), .n_x = n_places, .n_cols = 2, .mode = pairwise_mode::upper};
  const cudaStream_t stream = nullptr;
  return ok(samebits::launch_pairwise_rows_of(of_cities, great_circle(), sums.data(), stream)) &&
         ok(samebits::launch_pairwise_sum_of(of_places, great_circle(), work.data(), sum.data(), stream)) &&
         sums.give(city_sums) && sum.give(total);
}

static void sum_on_cpu(const std::vector<double>& places, std::vector<double>& city_sums, double* total) {
  const samebits::context ctx;
  const std::int64_t n_places = static_cast<std::int64_t>(places.size()) / 2;
  samebits::pairwise_rows_of(ctx, {cities, n_cities, 2}, {}, great_circle(), {.mode = pairwise_mode::u}, city_sums);
  *total =
      samebits::pairwise_sum_of(ctx, {places.data(), n_places, 2}, {}, great_circle(), {.mode = pairwise_mode::upper});
}

int main() {
  constexpr std::int64_t n_places = 2000;
  const std::vector<double> places = spread_places(n_places);
  std::vector<double> city_sums(n_cities);
  double total = 0;

  int n_devices = 0;
  if (cudaGetDeviceCount(&n_devices) == cudaSuccess && n_devices > 0) {
    if (!sum_on_gpu(places, city_sums.data(), &total)) {
      return 1;
    }
  } else {
    std::printf("no GPU here: on the CPU\n");
    sum_on_cpu(places, city_sums, &total);
  }
  print_results(city_sums.data(), total, n_places);
  return 0;
}
