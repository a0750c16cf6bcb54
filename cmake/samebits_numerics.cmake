# The flags that the bits depend on, and the warnings. Link samebits_numerics to every target that computes.
find_package(OpenMP REQUIRED COMPONENTS CXX)

add_library(samebits_numerics INTERFACE)
target_compile_features(samebits_numerics INTERFACE cxx_std_20)
target_include_directories(samebits_numerics INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
# -ffp-contract=off: compilers contract a*b+c by default. The other two allow SIMD code and change no result.
target_compile_options(samebits_numerics INTERFACE
  $<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off -fno-math-errno -fno-trapping-math>)

add_library(samebits_warnings INTERFACE)
target_compile_options(samebits_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow>
  $<$<AND:$<BOOL:${SAMEBITS_WERROR}>,$<COMPILE_LANGUAGE:C,CXX>>:-Werror>)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
