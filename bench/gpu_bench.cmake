# gpu_bench, for scripts/gpu-check. It runs on a machine with a GPU that has a driver and nothing else: the CUDA runtime is
# linked statically; cuRAND and cuBLAS, which it compares with, are loaded where they are installed.
find_package(nlohmann_json 3.11 QUIET)
if(NOT SAMEBITS_ENABLE_CUDA OR NOT nlohmann_json_FOUND)
  return()
endif()
set(SAMEBITS_CCCL_INCLUDE "" CACHE PATH
  "Headers of a CCCL newer than the toolkit's, for the peers of gpu_bench (3.1 has gpu_to_gpu sums)")

samebits_known_architectures("${SAMEBITS_CUDA_ARCHITECTURES}" gpu_bench_architectures)
add_executable(gpu_bench gpu_bench.cpp gpu_clock.cpp gpu_operations.cpp gpu_peers.cu gpu_roofs.cu
  ${PROJECT_SOURCE_DIR}/kernels/tensor_units.cu)
target_include_directories(gpu_bench PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(gpu_bench PRIVATE
  samebits samebits_warnings nlohmann_json::nlohmann_json CUDA::cudart_static ${CMAKE_DL_LIBS})
if(SAMEBITS_CCCL_INCLUDE)
  target_include_directories(gpu_bench BEFORE PRIVATE ${SAMEBITS_CCCL_INCLUDE})  # before the toolkit's own
endif()
target_compile_options(gpu_bench PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr>)
set_target_properties(gpu_bench PROPERTIES CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF
  CUDA_ARCHITECTURES "${gpu_bench_architectures}" CUDA_RUNTIME_LIBRARY Static)

# Everything but the device: what it measures has the CPU's digests on the emulator too.
if(SAMEBITS_BUILD_TESTS)
  add_test(NAME gpu_bench.digests COMMAND gpu_bench --backend cuda-emulated --digests-only)
  set_tests_properties(gpu_bench.digests PROPERTIES TIMEOUT 600 ENVIRONMENT
    "OMP_WAIT_POLICY=passive;SAMEBITS_PLUGIN_DIR=${PROJECT_BINARY_DIR}/test-plugins")
endif()
