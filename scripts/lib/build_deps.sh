# shellcheck shell=bash
# Builds one dependency into a prefix of its own. Sourced by deps.
# Every function here runs inside $WORK and puts its result into $STAGE.

# Raise when the recipe below changes what it produces.
readonly RECIPE=1

unpack() {
  [ "$(sha256 "$SOURCE_FILE")" = "$SOURCE_HASH" ] ||
    die 70 "the cached source $SOURCE_FILE is damaged; delete it and try again."
  mkdir -p "$WORK/src"
  tar -xf "$SOURCE_FILE" -C "$WORK/src" --strip-components=1
}

# compile_all CC FLAGS... : every library/*.c into $WORK/obj, in parallel.
compile_all() {
  mkdir -p "$WORK/obj"
  # shellcheck disable=SC2016  # expanded by the inner shell
  find "$WORK/src/library" -name '*.c' | sort | xargs -P "$(jobs)" -I{} \
    sh -c 'src="$1"; obj="$2/$(basename "$1" .c).o"; shift 2; exec "$@" -c "$src" -o "$obj"' \
    sh {} "$WORK/obj" "$@"
}

build_mbedtls() {
  local cc="$1" cflags="$2" include="$STAGE/include"
  unpack
  mkdir -p "$include" "$STAGE/lib" "$STAGE/private/library"
  cp -r "$WORK/src/include/mbedtls" "$WORK/src/include/psa" "$include/"
  cp "$WORK/src/library/"*.h "$STAGE/private/library/"
  cp "$RATLS_ROOT/cmake/ratls_mbedtls_config.h" "$include/"
  # shellcheck disable=SC2086  # flags, split on purpose
  compile_all "$cc" -std=c11 -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -ffunction-sections \
    -fdata-sections -ffile-prefix-map="$WORK/src=mbedtls" -I"$include" -I"$WORK/src/library" \
    -DMBEDTLS_CONFIG_FILE='"ratls_mbedtls_config.h"' $cflags
  ar crsD "$STAGE/lib/libratls_mbedtls.a" "$WORK/obj/"*.o
  prefix_symbols "$STAGE/lib/libratls_mbedtls.a" "$include/ratls_mbedtls_symbols.h"
  cp "$WORK/src/LICENSE" "$STAGE/LICENSE"
}

# Renames each global symbol x to ratls_x, in the archive and, by macro, in
# every source file that includes mbedTLS's headers.
prefix_symbols() {
  local archive="$1" header="$2" names="$WORK/names"
  nm -g --defined-only "$archive" 2>/dev/null |
    awk 'NF == 3 && $3 ~ /^[A-Za-z][A-Za-z0-9_]*$/ { print $3 }' | sort -u >"$names"
  grep -q '^mbedtls_ssl_setup$' "$names" || die 70 "the mbedTLS archive has no symbols to rename."
  awk '{ print $1, "ratls_" $1 }' "$names" >"$WORK/renames"
  objcopy --redefine-syms="$WORK/renames" "$archive"
  {
    echo "/* Made from the built archive by scripts/deps. */"
    echo "#ifndef RATLS_MBEDTLS_SYMBOLS_H"
    echo "#define RATLS_MBEDTLS_SYMBOLS_H"
    awk '{ print "#define", $1, "ratls_" $1 }' "$names"
    echo "#endif"
  } >"$header"
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
  {
    echo "$RECIPE $name $SOURCE_HASH $cflags"
    "$cc" --version | head -n 1
    "$cc" -dumpmachine
    [ "$name" = mbedtls ] || "$cxx" --version | head -n 1
    [ "$name" != mbedtls ] || cat "$RATLS_ROOT/cmake/ratls_mbedtls_config.h"
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
    if [ "$name" = mbedtls ]; then build_mbedtls "$cc" "$cflags"; else build_catch2 "$cc" "$cxx" "$cflags"; fi
  ) >"$log" 2>&1
  failed=$?
  set -e
  if [ "$failed" -ne 0 ]; then
    tail -n 30 "$log" >&2
    die 70 "$name $SOURCE_VERSION did not build; the lines above say why."
  fi
  mv "$STAGE" "$prefix"
  say "built $name $SOURCE_VERSION ($(since "$start"))."
}
