// Other people's programs on the GPU: cuRAND, CUB, Thrust and cuBLAS. cuRAND's and cuBLAS' libraries are large and not
// part of every machine: they are loaded where they are installed, and their rows say so where they are not.
#include <curand_kernel.h>
#include <dlfcn.h>

#include <cub/device/device_histogram.cuh>
#include <cub/device/device_reduce.cuh>

#include "gpu_bench.hpp"
#include "gpu_device.cuh"

#if __has_include(<curand.h>)
#include <curand.h>
#define SAMEBITS_BENCH_CURAND
#endif
#if __has_include(<cublas_v2.h>)
#include <cublas_v2.h>
#define SAMEBITS_BENCH_CUBLAS
#endif
// Reductions with an environment, and with it the determinism between GPUs, came with CCCL 3.1.
#if defined(CCCL_VERSION) && CCCL_VERSION >= 3001000 && __has_include(<cuda/__execution/determinism.h>)
#include <cuda/__execution/determinism.h>
#include <cuda/__execution/require.h>
#define SAMEBITS_BENCH_GPU_TO_GPU
#endif

namespace samebits::bench {
namespace {

using contenders = std::vector<contender>;

void require_zero(int status, const std::string& what) {
  if (status != 0) {
    throw std::runtime_error(what + " failed with status " + std::to_string(status));
  }
}

/// A library that may not be installed.
class library {
 public:
  library(const char* name, int version) {
    const std::string file = std::string("lib") + name + ".so." + std::to_string(version);
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    note_ = handle_ == nullptr ? file + " is not installed" : "";
  }

  /// Why it cannot be used, empty where it can.
  const std::string& note() const { return note_; }

  template <class Function>
  Function* function(const char* name) const {
    void* const found = dlsym(handle_, name);
    if (found == nullptr) {
      throw std::runtime_error(std::string(name) + " is missing");
    }
    return reinterpret_cast<Function*>(found);
  }

 private:
  void* handle_;  // for good
  std::string note_;
};

// ---- cuRAND's device functions -----------------------------------------------------------------------------------

constexpr int block_threads = 256;

/// As its manual has it: a state for each thread, and stores of 16 bytes.
template <class Draw, class Out>
__global__ void curand_kernel(Out* out, std::size_t n, Draw draw) {
  const std::size_t first = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const std::size_t n_threads = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  curandStatePhilox4_32_10_t state;
  curand_init(1, first, 0, &state);
  for (std::size_t i = first; i < n; i += n_threads) {
    out[i] = draw(&state);
  }
}

struct draw_words {
  using type = uint4;
  __device__ uint4 operator()(curandStatePhilox4_32_10_t* state) const { return curand4(state); }
};
struct draw_uniform_doubles {
  using type = double2;
  __device__ double2 operator()(curandStatePhilox4_32_10_t* state) const { return curand_uniform2_double(state); }
};
struct draw_uniform_floats {
  using type = float4;
  __device__ float4 operator()(curandStatePhilox4_32_10_t* state) const { return curand_uniform4(state); }
};
struct draw_normal_doubles {
  using type = double2;
  __device__ double2 operator()(curandStatePhilox4_32_10_t* state) const { return curand_normal2_double(state); }
};
struct draw_normal_floats {
  using type = float4;
  __device__ float4 operator()(curandStatePhilox4_32_10_t* state) const { return curand_normal4(state); }
};

template <class Draw>
contender curand_device(const std::shared_ptr<std::byte>& out, std::size_t n_bytes) {
  return {"cuRAND device philox", [=] {
            auto* const to = reinterpret_cast<typename Draw::type*>(out.get());
            curand_kernel<<<full_grid(8), block_threads>>>(to, n_bytes / 16, Draw{});
            require(cudaGetLastError(), "launch");
          }};
}

// ---- cuRAND's host functions -------------------------------------------------------------------------------------

enum class kind { words, uniform_double, uniform_float, normal_double, normal_float };

#if defined(SAMEBITS_BENCH_CURAND)

/// A generator that goes with its last owner.
std::shared_ptr<curandGenerator_st> curand_generator(const library& curand, curandRngType type) {
  curandGenerator_t generator = nullptr;
  require_zero(curand.function<decltype(curandCreateGenerator)>("curandCreateGenerator")(&generator, type),
               "curandCreateGenerator");
  return {generator, curand.function<decltype(curandDestroyGenerator)>("curandDestroyGenerator")};
}

int curand_fill(const library& curand, curandGenerator_t g, kind what, void* out, std::size_t n_bytes) {
  auto* const words = static_cast<unsigned*>(out);
  auto* const doubles = static_cast<double*>(out);
  auto* const floats = static_cast<float*>(out);
  switch (what) {
    case kind::uniform_double:
      return curand.function<decltype(curandGenerateUniformDouble)>("curandGenerateUniformDouble")(g, doubles,
                                                                                                   n_bytes / 8);
    case kind::uniform_float:
      return curand.function<decltype(curandGenerateUniform)>("curandGenerateUniform")(g, floats, n_bytes / 4);
    case kind::normal_double:
      return curand.function<decltype(curandGenerateNormalDouble)>("curandGenerateNormalDouble")(g, doubles,
                                                                                                 n_bytes / 8, 0, 1);
    case kind::normal_float:
      return curand.function<decltype(curandGenerateNormal)>("curandGenerateNormal")(g, floats, n_bytes / 4, 0, 1);
    case kind::words: break;
  }
  return curand.function<decltype(curandGenerate)>("curandGenerate")(g, words, n_bytes / 4);
}

contender curand_host(const library& curand, const char* name, curandRngType type, kind what,
                      const std::shared_ptr<std::byte>& out, std::size_t n_bytes) {
  const std::string full_name = std::string("cuRAND ") + name;
  if (!curand.note().empty()) {
    return {full_name, {}, curand.note()};
  }
  const auto generator = curand_generator(curand, type);
  return {full_name, [=] { require_zero(curand_fill(curand, generator.get(), what, out.get(), n_bytes), full_name); }};
}

void add_curand_hosts(contenders& peers, kind what, const std::shared_ptr<std::byte>& out, std::size_t n_bytes) {
  const library curand("curand", CURAND_VER_MAJOR);
  peers.push_back(curand_host(curand, "XORWOW", CURAND_RNG_PSEUDO_XORWOW, what, out, n_bytes));
  peers.push_back(curand_host(curand, "PHILOX4_32_10", CURAND_RNG_PSEUDO_PHILOX4_32_10, what, out, n_bytes));
  peers.push_back(curand_host(curand, "MRG32K3A", CURAND_RNG_PSEUDO_MRG32K3A, what, out, n_bytes));
}

#else
void add_curand_hosts(contenders& peers, kind, const std::shared_ptr<std::byte>&, std::size_t) {
  peers.push_back({"cuRAND", {}, "built without curand.h"});
}
#endif

template <class Draw>
contenders curand_peers(kind what, const operation& o) {
  const auto n_bytes = static_cast<std::size_t>(o.needs.bytes_written);
  const auto out = device_buffer<std::byte>(n_bytes);
  contenders peers = {curand_device<Draw>(out, n_bytes)};
  add_curand_hosts(peers, what, out, n_bytes);
  return peers;
}

// ---- CUB ---------------------------------------------------------------------------------------------------------

template <class T>
__global__ void ramp_kernel(T* out, std::size_t n) {
  const std::size_t n_threads = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += n_threads) {
    out[i] = static_cast<T>(i % 1024) / 512 - 1;
  }
}

template <class T>
std::shared_ptr<T> ramp(std::size_t n) {
  const auto x = device_buffer<T>(n);
  ramp_kernel<<<full_grid(), block_threads>>>(x.get(), n);
  require(cudaGetLastError(), "launch");
  return x;
}

/// A CUB algorithm: asked once for the memory it needs, then run with that.
template <class Call>
contender cub_contender(const std::string& name, const Call& call) {
  std::size_t n_bytes = 0;
  require(call(nullptr, n_bytes), name.c_str());
  const auto scratch = device_buffer<std::byte>(std::max<std::size_t>(n_bytes, 1));
  return {name, [=] {
            std::size_t size = n_bytes;
            require(call(scratch.get(), size), name.c_str());
          }};
}

#if defined(SAMEBITS_BENCH_GPU_TO_GPU)
/// It takes the memory that it needs from the stream's pool in every call, as its users see it.
template <class T>
contender cub_gpu_to_gpu(const std::shared_ptr<T>& x, const std::shared_ptr<T>& total, std::int64_t n) {
  return {"CUB sum, gpu_to_gpu", [=] {
            const auto same_everywhere = cuda::execution::require(cuda::execution::determinism::gpu_to_gpu);
            const auto n_items = static_cast<int>(n);  // CCCL 3.1 takes no other type, and there are fewer than 2^31
            require(cub::DeviceReduce::Sum(x.get(), total.get(), n_items, same_everywhere), "CUB sum, gpu_to_gpu");
          }};
}
#else
template <class T>
contender cub_gpu_to_gpu(const std::shared_ptr<T>&, const std::shared_ptr<T>&, std::int64_t) {
  return {"CUB sum, gpu_to_gpu", {}, "this CCCL does not have it: 3.1 or newer does"};
}
#endif

template <class T>
contenders sum_peers(const operation& o) {
  const auto x = ramp<T>(static_cast<std::size_t>(o.n));
  const auto total = device_buffer<T>(1);
  const std::int64_t n = o.n;
  return {cub_contender("CUB sum",
                        [=](void* scratch, std::size_t& n_bytes) {
                          return cub::DeviceReduce::Sum(scratch, n_bytes, x.get(), total.get(), n);
                        }),
          cub_gpu_to_gpu(x, total, n)};
}

template <class T>
contenders histogram_peers(const operation& o) {
  const auto x = ramp<T>(static_cast<std::size_t>(o.n));
  const auto counts = device_buffer<int>(100);
  const std::int64_t n = o.n;
  return {cub_contender("CUB histogram", [=](void* scratch, std::size_t& n_bytes) {
    return cub::DeviceHistogram::HistogramEven(scratch, n_bytes, x.get(), counts.get(), 101, T(-8), T(8), n);
  })};
}

// ---- cuBLAS ------------------------------------------------------------------------------------------------------

#if defined(SAMEBITS_BENCH_CUBLAS)

template <class T>
int multiply(const library& cublas, cublasHandle_t handle, int n, const T* a, const T* b, T* out) {
  const T one = 1;
  const T zero = 0;
  if constexpr (std::is_same_v<T, double>) {
    return cublas.function<decltype(cublasDgemm_v2)>("cublasDgemm_v2")(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one,
                                                                       a, n, b, n, &zero, out, n);
  } else {
    return cublas.function<decltype(cublasSgemm_v2)>("cublasSgemm_v2")(handle, CUBLAS_OP_N, CUBLAS_OP_N, n, n, n, &one,
                                                                       a, n, b, n, &zero, out, n);
  }
}

template <class T>
contenders matmul_peers(const operation& o) {
  const library cublas("cublas", CUBLAS_VER_MAJOR);
  if (!cublas.note().empty()) {
    return {{"cuBLAS", {}, cublas.note()}};
  }
  cublasHandle_t created = nullptr;
  require_zero(cublas.function<decltype(cublasCreate_v2)>("cublasCreate_v2")(&created), "cublasCreate");
  const std::shared_ptr<cublasContext> handle(created, cublas.function<decltype(cublasDestroy_v2)>("cublasDestroy_v2"));
  const auto size = static_cast<std::size_t>(o.n * o.n);
  const auto a = ramp<T>(size);
  const auto b = ramp<T>(size);
  const auto out = device_buffer<T>(size);
  const auto n = static_cast<int>(o.n);
  return {{"cuBLAS", [=] { require_zero(multiply(cublas, handle.get(), n, a.get(), b.get(), out.get()), "cuBLAS"); }}};
}

#else
template <class T>
contenders matmul_peers(const operation&) {
  return {{"cuBLAS", {}, "built without cublas_v2.h"}};
}
#endif

}  // namespace

contenders peers_of(const operation& o) {
  using make = contenders (*)(const operation&);
  static const std::map<std::string, make> known = {
      {"fill words uint32", [](const operation& w) { return curand_peers<draw_words>(kind::words, w); }},
      {"fill words uint64", [](const operation& w) { return curand_peers<draw_words>(kind::words, w); }},
      {"fill uniform float64",
       [](const operation& w) { return curand_peers<draw_uniform_doubles>(kind::uniform_double, w); }},
      {"fill uniform float32",
       [](const operation& w) { return curand_peers<draw_uniform_floats>(kind::uniform_float, w); }},
      {"fill normal float64",
       [](const operation& w) { return curand_peers<draw_normal_doubles>(kind::normal_double, w); }},
      {"fill normal float32",
       [](const operation& w) { return curand_peers<draw_normal_floats>(kind::normal_float, w); }},
      {"sum float32", sum_peers<float>},
      {"sum float64", sum_peers<double>},
      {"histogram float32", histogram_peers<float>},
      {"histogram float64", histogram_peers<double>},
      {"matmul float32", matmul_peers<float>},
      {"matmul float64", matmul_peers<double>}};
  const auto found = known.find(o.name);
  return found == known.end() ? contenders{} : found->second(o);
}

std::string cccl_version() { return std::to_string(CCCL_VERSION); }

}  // namespace samebits::bench
