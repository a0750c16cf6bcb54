// Whether tensor cores multiply matrices of doubles as chains of fmas do.
#if defined(__CUDACC__)
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "kernels/device_memory.hpp"
#include "kernels/launch.hpp"
#include "kernels/tensor_units.hpp"
#include "samebits/core/philox.hpp"

namespace samebits::kernels {
namespace {

/// A number that tells orders and roundings apart: most are near one, so that sums cancel; others are far apart, so
/// small or large that products leave the range, or zeros of both signs.
__device__ double difficult_number(std::uint64_t bits) {
  constexpr std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
  const std::uint64_t sign_and_fraction = bits & (fraction | std::uint64_t{1} << 63);
  const auto chance = static_cast<int>(bits >> 52 & 15);
  const std::uint64_t far = bits >> 56 & 127;
  std::uint64_t exponent = 1022 + (bits >> 56 & 1);
  if (chance >= 10) {
    exponent = chance < 12    ? 960 + far
               : chance == 12 ? 470 + far
               : chance == 13 ? far / 2
               : chance == 14 ? 1500 + far
                              : 0;
  }
  const bool is_zero = chance == 15 && far < 64;
  return __longlong_as_double(
      static_cast<long long>((is_zero ? sign_and_fraction & ~fraction : sign_and_fraction) | exponent << 52));
}

/// A warp per block multiplies matrices of its own in both ways and sets `differ` where a bit is not the same.
struct tensor_units_test_kernel {
  static constexpr int block_threads = warp_place::size;
  static constexpr int depth = 16;
  static constexpr int tiles = 2;
  static constexpr int side = tile_side * tiles;
  struct block_memory {
    double a[depth][side];
    double b[depth][side];
  };
  using thread_memory = no_state;

  int* differ;

  __host__ __device__ int phases() const { return 3; }
  __device__ void run(int phase, thread_position at, block_memory& shared, thread_memory&) const {
    if (phase == 0) {
      for (int item = at.thread; item < depth * side; item += block_threads) {
        std::uint64_t draws[2];
        core::philox_draws(0, static_cast<std::uint64_t>(at.block), static_cast<std::uint64_t>(item), draws);
        shared.a[item / side][item % side] = difficult_number(draws[0]);
        shared.b[item / side][item % side] = difficult_number(draws[1]);
      }
      return;
    }
    // Each in a phase of its own: threads that found another bit come together again at the barrier.
    phase == 1 ? compare<all_tiles>(at, shared) : compare<lower_tiles>(at, shared);
  }

 private:
  template <class Tiles>
  __device__ void compare(const thread_position& at, const block_memory& shared) const {
    const warp_place place(at.thread);
    const panel<double, in_order<tiles>> a{shared.a[0], side};
    const panel<double, in_order<tiles>> b{shared.b[0], side};
    warp_sums<double, tiles, tiles> sums;
    clear(sums);
    tensor_units::multiply<Tiles>(a, b, depth, place, sums);
    SAMEBITS_UNROLL
    for (int i = 0; i < tiles; ++i) {
      SAMEBITS_UNROLL
      for (int j = 0; j < tiles; ++j) {
        SAMEBITS_UNROLL
        for (int e = 0; e < 2 && Tiles::has(i, j); ++e) {
          const double expected = chain(shared, tile_side * i + place.row, tile_side * j + place.column + e);
          if (!is_same(sums[i][j][e], expected)) {
            *differ = 1;
          }
        }
      }
    }
  }

  __device__ static double chain(const block_memory& shared, int row, int column) {
    double sum = core::empty_sum<double>();
    for (int step = 0; step < depth; ++step) {
      sum = core::chain(shared.a[step][row], shared.b[step][column], sum);
    }
    return sum;
  }

  /// The same bits, or both not a number.
  __device__ static bool is_same(double x, double y) {
    return __double_as_longlong(x) == __double_as_longlong(y) || (x != x && y != y);
  }
};

bool have_same_products() {
  constexpr std::int64_t n_products = 4096;
  device_array<int> differ;
  differ.make_room(1);
  fill_zeros(differ.data(), 1);
  launch(tensor_units_test_kernel{differ.data()}, n_products);
  int found = 0;
  download(&found, differ.data(), 1);
  return found == 0;
}

bool has_tensor_cores_for_doubles() {
  int major = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, current_device),
        "asking for the architecture");
  return major >= 8;
}

bool is_switched_off() {
  const char* const value = std::getenv("SAMEBITS_TENSOR_CORES");
  return value != nullptr && std::strcmp(value, "off") == 0;
}

constexpr const char* as_fma = "have the bits of fma";

const char* find_state() {
  if (is_switched_off()) {
    return "switched off by SAMEBITS_TENSOR_CORES";
  }
  if (!has_tensor_cores_for_doubles()) {
    return "none for doubles";
  }
  return have_same_products() ? as_fma : "not used: they have other bits than fma";
}

}  // namespace

const char* tensor_cores_state() {
  static std::mutex mutex;
  static std::map<int, const char*> states;  // of each device
  const std::scoped_lock lock(mutex);
  auto found = states.find(current_device);
  if (found == states.end()) {
    found = states.emplace(current_device, find_state()).first;
  }
  return found->second;
}

bool tensor_cores_agree() { return tensor_cores_state() == as_fma; }

}  // namespace samebits::kernels
#endif
