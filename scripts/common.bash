# What the scripts share; to be sourced. Sets `root` and goes there.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

die() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# Compiling again what was compiled before costs nothing where ccache is installed.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache}
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CMAKE_CUDA_COMPILER_LAUNCHER=${CMAKE_CUDA_COMPILER_LAUNCHER-ccache}
  export CCACHE_BASEDIR=${CCACHE_BASEDIR-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR-true}
fi

# Runs a command with its output in a file, shown only when the command fails.
#   quietly LOG_FILE COMMAND...
quietly() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    cat "$log" >&2
    echo "failed with exit code $status: $*" >&2
  fi
  return "$status"
}

# Configures and builds a preset. On a terminal ninja shows its progress; elsewhere only failures are shown.
#   build_preset NAME [TARGET...]
build_preset() {
  local preset=$1
  shift
  local -a targets=()
  (($# == 0)) || targets=(--target "$@")
  echo "building preset $preset into build/$preset"
  quietly "build/$preset/configure.log" cmake --preset "$preset"
  if [[ -t 1 ]]; then
    cmake --build --preset "$preset" "${targets[@]}"
  else
    quietly "build/$preset/build.log" cmake --build --preset "$preset" "${targets[@]}"
  fi
}
