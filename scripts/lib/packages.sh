# shellcheck shell=bash
# System packages: which are needed, and how they get here. Sourced by deps.

# Each line: package, and why. One line per package, so that the answer to
# "why does this want X" is here.
packages_for() {
  case "$1" in
    build)
      cat <<'LIST'
build-essential      C and C++ compiler, make, binutils
cmake                build description
ninja-build          build
git                  version control
ca-certificates      downloads over HTTPS
pkg-config           finds libsodium
libsodium-dev        guarded memory, constant-time helpers
nlohmann-json3-dev   JSON
libcli11-dev         command line of the ratls tool
libuv1-dev           event loop of the services
libsqlite3-dev       the broker's store of secrets
libtss2-dev          TPMs: of an Azure VM, and for the key of a store (optional: RATLS_TPM)
libbenchmark-dev     programs in bench/
python3              checks and test scripts
bzip2                unpacks sources
xz-utils             unpacks sources
LIST
      ;;
    sources) echo "dpkg-dev             fetches source packages" ;;
    test)
      cat <<'LIST'
openssl              peer and second opinion in tests
valgrind             key paths run in constant time
python3-cryptography the independent verifiers in tests
gnutls-bin           peer in tests
curl                 peer in tests
nodejs               a client of another TLS library in tests
golang-go            a client of another TLS library in tests
libssl-dev           a program that links OpenSSL as well as ratls
swtpm                a TPM in software
swtpm-tools          the same
tpm2-tools           sets that TPM up
iproute2             networks of their own in tests
libmbedtls-dev       a program that links another mbedTLS as well as ratls
libfuse3-dev         a file system that stands for configfs-tsm, and a device of a guest
qemu-system-x86      boots that guest in emulation (tests/guest)
maude                searches the model of resumption (docs/formal)
busybox-static       what that guest consists of
libelf1              builds that guest's kernel module
LIST
      ;;
    bench) echo "libssl-dev           OpenSSL, to compare with" ;;
    check)
      cat <<'LIST'
clang-16             second compiler
clang-format-16      format check
clang-tidy-16        lint
python3              layer, size and call checks
LIST
      ;;
    fuzz)
      cat <<'LIST'
clang-16             libFuzzer
libclang-rt-16-dev   sanitizer and fuzzer runtimes
LIST
      ;;
    msan)
      packages_for fuzz
      echo "tcl                  puts SQLite's sources together"
      ;;
    *) die "$EX_USAGE" "unknown purpose '$1'; use build, test, bench, check, fuzz or msan." ;;
  esac
}

package_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c1-2)" = ii ]
}

package_exists() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: [^(]//p')" ]; }

# Prints the lines of packages_for PURPOSE that are not installed.
missing_packages() {
  packages_for "$1" | while read -r package why; do
    package_installed "$package" || printf '%s\t%s\n' "$package" "$why"
  done
}

is_debian_like() { have dpkg-query && have apt-get; }

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@"; }

# Installs what is missing for PURPOSE, or says exactly what to run.
require_packages() {
  local purpose="$1" missing names
  if ! is_debian_like; then
    require_programs "$purpose"
    return
  fi
  missing="$(missing_packages "$purpose")"
  [ -n "$missing" ] || return 0
  names="$(cut -f1 <<<"$missing" | tr '\n' ' ')"
  if [ "$(id -u)" -ne 0 ] || [ "${RATLS_NO_APT:-}" = 1 ]; then
    die "$EX_UNAVAILABLE" "these packages are missing; run: sudo apt-get install -y --no-install-recommends ${names% }"
  fi
  install_packages "$missing" "$names"
}

install_packages() {
  local missing="$1" names="$2" log start=$SECONDS
  say "installing system packages:"
  awk -F'\t' '{ printf "ratls:   %-20s %s\n", $1, $2 }' <<<"$missing" >&2
  log="$(mktemp)"
  # shellcheck disable=SC2086  # a list of package names, split on purpose
  if ! { apt_get update && apt_get install --no-install-recommends $names; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    die "$EX_UNAVAILABLE" "apt-get could not install the packages; run: apt-get install -y --no-install-recommends ${names% }"
  fi
  rm -f "$log"
  say "installed system packages ($(since "$start"))."
}

# Elsewhere we can only look for the programs and name what is missing.
require_programs() {
  local program
  [ "$1" = build ] || return 0
  for program in cmake ninja cc c++ pkg-config python3 bzip2; do
    have "$program" || die "$EX_UNAVAILABLE" "'$program' is missing; install your system's packages for: cmake ninja gcc g++ pkg-config python3 bzip2 libsodium nlohmann-json cli11 libuv sqlite3 google-benchmark."
  done
}
