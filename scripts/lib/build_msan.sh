# shellcheck shell=bash
# What the memory sanitizer needs compiled with it, besides our own code and mbedTLS: the C++ library,
# libsodium, libuv and SQLite. Sourced by deps; as build_deps.sh, everything runs inside $WORK and ends in $STAGE.

# Static archives only: whoever is built with the sanitizer is a test.
build_libcxx() {
  local cc="$1" cxx="$2" cflags="$3"
  unpack_only '*/runtimes/*' '*/cmake/*' '*/libcxx/*' '*/libcxxabi/*' '*/llvm/utils/llvm-lit/*'
  cmake -S "$WORK/src/runtimes" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_C_FLAGS="$cflags" \
    -DCMAKE_CXX_FLAGS="$cflags -ffile-prefix-map=$WORK/src=libcxx" \
    -DLLVM_ENABLE_RUNTIMES="libcxx;libcxxabi" -DLIBCXXABI_USE_LLVM_UNWINDER=OFF \
    -DLIBCXX_ENABLE_SHARED=OFF -DLIBCXXABI_ENABLE_SHARED=OFF -DLIBCXX_INCLUDE_TESTS=OFF \
    -DLIBCXX_INCLUDE_BENCHMARKS=OFF -DLIBCXXABI_INCLUDE_TESTS=OFF -DCMAKE_INSTALL_PREFIX="$STAGE"
  cmake --build "$WORK/build" --target install-cxx install-cxxabi
}

# Its portable C: assembly and intrinsics could not be watched. Of what its configure script would
# find out, only what guarded and locked memory and getrandom(2) need.
build_sodium() {
  local cc="$1" cflags="$2" include="$WORK/src/src/libsodium/include"
  unpack
  cp "$WORK/src/builds/msvc/version.h" "$include/sodium/version.h"
  mkdir -p "$WORK/obj" "$STAGE/lib" "$STAGE/include"
  # shellcheck disable=SC2016,SC2086  # expanded by the inner shell; flags, split on purpose
  find "$WORK/src/src/libsodium" -name '*.c' | sort | xargs -P "$(jobs)" -I{} \
    sh -c 'src="$1"; obj="$2/$(echo "$src" | tr / _).o"; shift 2; exec "$@" -c "$src" -o "$obj"' \
    sh {} "$WORK/obj" "$cc" -std=c11 -D_GNU_SOURCE -O2 -fPIC -w -I"$include/sodium" -I"$include" \
    -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_TI_MODE=1 -DHAVE_SYS_MMAN_H=1 -DHAVE_MMAP=1 \
    -DHAVE_MPROTECT=1 -DHAVE_MLOCK=1 -DHAVE_MADVISE=1 -DHAVE_PTHREAD=1 -DHAVE_SYS_RANDOM_H=1 \
    -DHAVE_GETRANDOM=1 -DHAVE_POSIX_MEMALIGN=1 -DHAVE_WEAK_SYMBOLS=1 $cflags
  ar crsD "$STAGE/lib/libsodium.a" "$WORK/obj/"*.o
  cp -r "$include/." "$STAGE/include/"
}

build_uv() {
  local cc="$1" cflags="$2"
  unpack
  cmake -S "$WORK/src" -B "$WORK/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$cflags -ffile-prefix-map=$WORK/src=libuv" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  cmake --build "$WORK/build" --target uv_a
  mkdir -p "$STAGE/lib" "$STAGE/include"
  cp "$WORK/build/libuv_a.a" "$STAGE/lib/"
  cp -r "$WORK/src/include/." "$STAGE/include/"
}

# Its one-file form, which its own makefile and tclsh put together.
build_sqlite() {
  local cc="$1" cflags="$2"
  unpack
  mkdir -p "$WORK/build" "$STAGE/lib" "$STAGE/include"
  (cd "$WORK/build" && CC=cc "$WORK/src/configure" --disable-tcl --disable-shared --disable-readline &&
    make sqlite3.c)
  # shellcheck disable=SC2086  # flags, split on purpose
  "$cc" -O2 -fPIC -w -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DHAVE_USLEEP=1 \
    -ffile-prefix-map="$WORK/build=sqlite" $cflags -c "$WORK/build/sqlite3.c" -o "$WORK/build/sqlite3.o"
  ar crsD "$STAGE/lib/libsqlite3.a" "$WORK/build/sqlite3.o"
  cp "$WORK/build/sqlite3.h" "$STAGE/include/"
}
