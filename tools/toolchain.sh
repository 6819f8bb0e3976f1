# Sourced by tools/build, tools/run and tools/test: what a build needs from the system, and the kinds of build.
#
# A kind is a folder under build/: release, debug, asan (address and undefined behaviour), tsan, and each with the prefix
# "clang-". Without the prefix the compiler is $CXX, or the system's c++. All messages go to stderr.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages_to_build=(
  catch2
  g++
  libabsl-dev
  libbenchmark-dev
  libboost-dev
  libcli11-dev
  libfast-float-dev
  libfmt-dev
  libisal-dev
  libmimalloc-dev
  libspdlog-dev
  libsqlite3-dev
  libssl-dev
  liburing-dev
  libxxhash-dev
  libzstd-dev
  make  # runs the parallel part of link-time optimization
  meson
  ninja-build
  nlohmann-json3-dev
  pkg-config
  zlib1g-dev  # packs what tests unpack
)

# What the test of QuestDB's own clients installs them with. A Node.js from elsewhere will do; Debian's npm conflicts with it.
packages_for_clients() {
  echo python3-venv
  command -v npm >/dev/null || echo nodejs npm
}

# Objects compiled with a precompiled header are cacheable only so.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$(basename "$0"): $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root for: $*"
  fi
}

# Installs those of the named packages that are missing; says nothing when none is.
require_packages() {
  # Elsewhere the libraries come by other names; meson then says which one it misses.
  command -v apt-get >/dev/null || return 0
  local missing=() package
  for package; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  say "installing ${missing[*]}"
  local apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  as_root "${apt_get[@]}" update >&2 || fail "apt-get update failed"
  as_root "${apt_get[@]}" install --no-install-recommends "${missing[@]}" >&2 || fail "could not install ${missing[*]}"
}

# The oldest packaged clang that has what we need.
packaged_clang_version() {
  local version
  for version in 16 17 18 19 20 21; do
    if apt-cache show "clang-$version" >/dev/null 2>&1; then
      echo "$version"
      return
    fi
  done
  fail "no package clang-16 or newer"
}

require_clang() {
  command -v apt-get >/dev/null || return 0
  local version
  version=$(packaged_clang_version)
  require_packages "clang-$version" "libclang-rt-$version-dev" "lld-$version" "llvm-$version"
}

# Sets `compiler` and, where it is a clang, the linker and archiver that understand its LTO objects.
choose_compiler() {
  local kind=$1
  compiler=${CXX:-}
  link_time_optimization=true
  unset AR CXX_LD  # of a kind before
  case $kind in clang-*) compiler=clang++-$(packaged_clang_version) ;; esac
  [ -n "$compiler" ] || return 0
  # Unquoted: CXX may be several words, as in "ccache g++".
  $compiler --version >/dev/null 2>&1 || fail "the compiler $compiler does not run"
  $compiler --version | grep -q clang || return 0
  local linker archiver version
  linker=$($compiler -print-prog-name=ld.lld)
  archiver=$(dirname "$linker")/llvm-ar
  version=$($compiler -dumpversion)
  # The archiver of another version cannot read these objects.
  if [ -x "$linker" ] && "$archiver" --version 2>/dev/null | grep -q "version ${version%%.*}\."; then
    export AR=$archiver CXX_LD=lld
  else
    say "no link-time optimization: $compiler finds no lld and llvm-ar of its version"
    link_time_optimization=false
  fi
}

meson_options() {
  # Sources in groups of neighbours take a third less to compile than one by one, which suits who changes one: debug.
  local grouped="-Dunity=on -Dunity_size=8"
  local sanitized="$grouped -Dbuildtype=debugoptimized -Doptimization=1 -Db_lto=false -Db_lundef=false -Dperf=false"
  case ${1#clang-} in
    release) echo "$grouped -Db_lto=$link_time_optimization" ;;
    debug) echo -Dbuildtype=debug -Db_lto=false ;;
    # -O1: half the time to compile, and the tests are as quick.
    asan) echo "$sanitized -Db_sanitize=address,undefined" ;;
    tsan) echo "$sanitized -Db_sanitize=thread" ;;
    *) fail "unknown kind of build '$1': release, debug, asan or tsan" ;;
  esac
}

# build_kind KIND [TARGET...]: sets up build/KIND when it is new or was set up for another compiler, then builds.
build_kind() {
  local kind=$1 directory=build/$1 options compiler link_time_optimization
  shift
  choose_compiler "$kind"
  options=$(meson_options "$kind") || exit 1
  local setup="$compiler $options"
  if [ ! -f "$directory/build.ninja" ] || [ "$(cat "$directory/setup" 2>/dev/null)" != "$setup" ]; then
    say "setting up $directory"
    rm -rf "$directory"
    mkdir -p "$directory"
    # shellcheck disable=SC2086  # options are words
    env ${compiler:+CXX="$compiler"} meson setup "$directory" $options >"$directory/setup.log" 2>&1 || {
      cat "$directory/setup.log" >&2
      return 1
    }
    printf '%s\n' "$setup" >"$directory/setup"
  fi
  [ "$(ninja -C "$directory" -n "$@" | tail -n 1)" = 'ninja: no work to do.' ] || ninja -C "$directory" "$@" >&2
}
