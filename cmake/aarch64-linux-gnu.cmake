# Cross-compiles for 64-bit ARM with the distribution's compiler; qemu-user runs the result. For continuous integration:
#   cmake --toolchain cmake/aarch64-linux-gnu.cmake -DSAMEBITS_BUILD_TESTS=OFF -DSAMEBITS_BUILD_BENCH=OFF ...
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)
