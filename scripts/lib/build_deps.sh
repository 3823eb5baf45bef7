# shellcheck shell=bash
# Builds one dependency into a prefix of its own. Sourced by deps.
# Every function here runs inside $WORK and puts its result into $STAGE.

# Raise when the recipe below changes what it produces.
readonly RECIPE=2

unpack() { unpack_only '*'; }

# unpack_only PATTERN...: what the patterns name.
unpack_only() {
  [ "$(sha256 "$SOURCE_FILE")" = "$SOURCE_HASH" ] ||
    wrong_archive "$SOURCE_FILE" "$SOURCE_HASH" "this copy in the cache is damaged: delete it and try again"
  mkdir -p "$WORK/src"
  tar -xf "$SOURCE_FILE" -C "$WORK/src" --strip-components=1 --wildcards "$@"
}

# compile_all CC FLAGS... : every library/*.c into $WORK/obj, in parallel.
compile_all() {
  mkdir -p "$WORK/obj"
  # shellcheck disable=SC2016  # expanded by the inner shell
  find "$WORK/src/library" -name '*.c' | sort | xargs -P "$(jobs)" -I{} \
    sh -c 'src="$1"; obj="$2/$(basename "$1" .c).o"; shift 2; exec "$@" -c "$src" -o "$obj"' \
    sh {} "$WORK/obj" "$@"
}

# With aws-lc, mbedTLS leaves its hooks open for core/provider/ to fill.
write_config() {
  local include="$1" hook
  {
    # shellcheck disable=SC2154  # an option of scripts/deps
    [ "$crypto" = builtin ] || echo "#define RATLS_CRYPTO_AWSLC"
    cat "$RATLS_ROOT/cmake/ratls_mbedtls_config.h"
  } >"$include/ratls_mbedtls_config.h"
  [ "$crypto" = aws-lc ] || return 0
  cp "$RATLS_ROOT/cmake/ratls_mbedtls_alt.h" "$include/"
  for hook in gcm chachapoly; do
    echo '#include "ratls_mbedtls_alt.h"' >"$include/${hook}_alt.h"
  done
}

build_mbedtls() {
  local cc="$1" cflags="$2" include="$STAGE/include"
  unpack
  mkdir -p "$include" "$STAGE/lib" "$STAGE/private/library"
  cp -r "$WORK/src/include/mbedtls" "$WORK/src/include/psa" "$include/"
  cp "$WORK/src/library/"*.h "$STAGE/private/library/"
  write_config "$include"
  # shellcheck disable=SC2086  # flags, split on purpose
  compile_all "$cc" -std=c11 -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -ffunction-sections \
    -fdata-sections -ffile-prefix-map="$WORK/src=mbedtls" -I"$include" -I"$WORK/src/library" \
    -DMBEDTLS_CONFIG_FILE='"ratls_mbedtls_config.h"' $cflags
  ar crsD "$STAGE/lib/libratls_mbedtls.a" "$WORK/obj/"*.o
  mbedtls_names "$STAGE/lib/libratls_mbedtls.a" >"$WORK/names"
  grep -q '^mbedtls_ssl_setup$' "$WORK/names" || die 70 "the mbedTLS archive has no symbols to rename."
  prefix_symbols "$STAGE/lib/libratls_mbedtls.a" ratls_ "$include/ratls_mbedtls_symbols.h"
  cp "$WORK/src/LICENSE" "$STAGE/LICENSE"
}

# The C names that an archive defines.
defined_names() {
  nm -g --defined-only "$1" 2>/dev/null |
    awk 'NF == 3 && $3 ~ /^[A-Za-z][A-Za-z0-9_]*$/ { print $3 }' | sort -u
}

# What mbedTLS defines, and the hooks that it leaves to core/provider/.
mbedtls_names() {
  {
    defined_names "$1"
    nm -g --undefined-only "$1" 2>/dev/null | awk 'NF == 2 { print $2 }' | grep -E '^(mbedtls|psa|p256)_' || true
  } | sort -u
}

# Renames each symbol x of $WORK/names to PREFIXx in the archive and, by macro,
# in every source file that includes its headers. [WORDS]: only names found in
# that file become macros.
prefix_symbols() {
  local archive="$1" prefix="$2" header="$3" words="${4:-$WORK/names}"
  awk -v p="$prefix" '{ print $1, p $1 }' "$WORK/names" >"$WORK/renames"
  objcopy --redefine-syms="$WORK/renames" "$archive"
  {
    echo "/* Made from the built archive by scripts/deps. */"
    echo "#ifndef RATLS_PREFIX_${prefix}_H"
    echo "#define RATLS_PREFIX_${prefix}_H"
    comm -12 "$WORK/names" <(sort -u "$words") | awk -v p="$prefix" '{ print "#define", $1, p $1 }'
    echo "#endif"
  } >"$header"
}

# libcrypto alone. No jitter entropy: it stalls each process for 44 ms, and
# getrandom(2) with RDRAND is what its generator is seeded from without it.
# Never built with sanitizers: its assembly could not be, and its public
# functions are what we test.
build_awslc() {
  local cc="$1" cxx="$2" archive="$STAGE/lib/libratls_awslc.a"
  unpack
  cmake -S "$WORK/src/aws-lc" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DCMAKE_C_FLAGS="-fvisibility=hidden -ffunction-sections -fdata-sections -ffile-prefix-map=$WORK=awslc" \
    -DCMAKE_C_FLAGS_RELEASE="-O3 -DNDEBUG" -DBUILD_SHARED_LIBS=OFF -DDISABLE_GO=ON \
    -DDISABLE_PERL=ON -DBUILD_TESTING=OFF -DBUILD_TOOL=OFF -DBUILD_LIBSSL=OFF \
    -DDISABLE_CPU_JITTER_ENTROPY=ON
  cmake --build "$WORK/build" --target crypto
  mkdir -p "$STAGE/include" "$STAGE/lib"
  cp -r "$WORK/src/aws-lc/include/openssl" "$STAGE/include/"
  cp "$WORK/build/crypto/libcrypto.a" "$archive"
  defined_names "$archive" >"$WORK/names"
  grep -q '^X25519$' "$WORK/names" || die 70 "the AWS-LC archive has no symbols to rename."
  grep -rhoE '[A-Za-z_][A-Za-z0-9_]*' "$STAGE/include/openssl" | sort -u >"$WORK/words"
  prefix_symbols "$archive" ratls_awslc_ \
    "$STAGE/include/openssl/boringssl_prefix_symbols.h" "$WORK/words"
  cp "$WORK/src/aws-lc/LICENSE" "$STAGE/LICENSE"
}

build_catch2() {
  local cc="$1" cxx="$2" cflags="$3"
  unpack
  cmake -S "$WORK/src" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_CXX_STANDARD=20 \
    -DCMAKE_CXX_FLAGS="-fPIC -ffile-prefix-map=$WORK/src=catch2 $cflags" \
    -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DCMAKE_INSTALL_PREFIX="$STAGE" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCATCH_INSTALL_DOCS=OFF -DBUILD_TESTING=OFF -DCATCH_DEVELOPMENT_BUILD=OFF
  cmake --build "$WORK/build" --target install
}

# What a built prefix depends on, as one hash.
build_key() {
  local name="$1" cc="$2" cxx="$3" cflags="$4"
  [ "$name" != awslc ] || cflags=""
  {
    echo "$RECIPE $name $SOURCE_HASH $cflags"
    "$cc" --version | head -n 1
    "$cc" -dumpmachine
    if [ "$name" = mbedtls ]; then
      echo "$crypto"
      cat "$RATLS_ROOT/cmake/ratls_mbedtls_config.h" "$RATLS_ROOT/cmake/ratls_mbedtls_alt.h"
    else
      "$cxx" --version | head -n 1
    fi
  } | sha256sum | cut -c1-16
}

# Prints the prefix of NAME, building it first if it is not in the cache.
prefix_of() {
  local name="$1" cc="$2" cxx="$3" cflags="$4" prefix
  obtain_source "$name"
  prefix="$RATLS_CACHE/$name-$SOURCE_VERSION-$(build_key "$name" "$cc" "$cxx" "$cflags")"
  if [ ! -d "$prefix" ]; then build_into "$prefix" "$@"; fi
  echo "$prefix"
}

# Builds beside the cache entry and renames it into place, so that an entry is
# complete or absent, whatever interrupts us.
build_into() {
  local prefix="$1" name="$2" cc="$3" cxx="$4" cflags="$5" start=$SECONDS log="$WORK/log" failed
  STAGE="$WORK/stage"
  rm -rf "$WORK/src" "$WORK/obj" "$WORK/build" "$STAGE"
  say "building $name $SOURCE_VERSION with $(basename "$cc")${cflags:+ $cflags} ..."
  # Not as an `if` condition: bash would ignore errexit inside.
  set +e
  (
    set -e
    case "$name" in
      mbedtls) build_mbedtls "$cc" "$cflags" ;;
      awslc) build_awslc "$cc" "$cxx" ;;
      catch2) build_catch2 "$cc" "$cxx" "$cflags" ;;
      libcxx) build_libcxx "$cc" "$cxx" "$cflags" ;;
      sodium) build_sodium "$cc" "$cflags" ;;
      uv) build_uv "$cc" "$cflags" ;;
      sqlite) build_sqlite "$cc" "$cflags" ;;
    esac
  ) >"$log" 2>&1
  failed=$?
  set -e
  if [ "$failed" -ne 0 ]; then
    tail -n 30 "$log" >&2
    [ "$failed" -ne "$EX_WRONG_ARCHIVE" ] || exit "$EX_WRONG_ARCHIVE"
    die 70 "$name $SOURCE_VERSION did not build; the lines above say why."
  fi
  mv "$STAGE" "$prefix"
  say "built $name $SOURCE_VERSION ($(since "$start"))."
}
