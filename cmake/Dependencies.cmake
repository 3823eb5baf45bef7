# Third-party libraries, each as one target. All their headers are system
# headers, so our warnings never fire in them.
#
#   ratls_dep_mbedtls           crypto, X.509 and TLS; symbols carry the prefix ratls_
#   ratls_dep_mbedtls_private   the same, and "library/ssl_misc.h" (for one C file)
#   ratls_dep_awslc             libcrypto of AWS-LC, symbols ratls_awslc_ (RATLS_CRYPTO=aws-lc)
#   ratls_dep_sodium, ratls_dep_json, ratls_dep_cli11, ratls_dep_uv, ratls_dep_sqlite
#   Catch2::Catch2WithMain, benchmark::benchmark    (where tests or bench are built)

set(RATLS_CRYPTO aws-lc CACHE STRING "Whose arithmetic: aws-lc (fast) or builtin (mbedTLS's own)")
set_property(CACHE RATLS_CRYPTO PROPERTY STRINGS aws-lc builtin)
if(NOT RATLS_CRYPTO MATCHES "^(aws-lc|builtin)$")
  message(FATAL_ERROR "RATLS_CRYPTO is aws-lc or builtin, not '${RATLS_CRYPTO}'.")
endif()
set(RATLS_SELF_TEST refuse CACHE STRING
  "When AWS-LC fails its start-up self-test: refuse (end the process) or builtin (mbedTLS's own)")
set_property(CACHE RATLS_SELF_TEST PROPERTY STRINGS refuse builtin)
if(NOT RATLS_SELF_TEST MATCHES "^(refuse|builtin)$")
  message(FATAL_ERROR "RATLS_SELF_TEST is refuse or builtin, not '${RATLS_SELF_TEST}'.")
endif()

# ratls_build_dependency(NAME OUT): scripts/deps builds NAME, or finds it built.
function(ratls_build_dependency name out)
  execute_process(
    COMMAND "${PROJECT_SOURCE_DIR}/scripts/deps" --print ${name} --crypto "${RATLS_CRYPTO}" --cc "${CMAKE_C_COMPILER}"
            --cxx "${CMAKE_CXX_COMPILER}" --cflags "${RATLS_DEPENDENCY_CFLAGS}"
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE
    RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "${name} is not available; the lines above say why. Try: scripts/deps")
  endif()
  set(${out} "${prefix}" PARENT_SCOPE)
endfunction()

# Where a header or library of a system package is missing, say how to get it.
function(ratls_require found package)
  if(NOT ${found})
    message(FATAL_ERROR "${package} is missing. Run scripts/deps, or install that package.")
  endif()
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/cmake/deps.lock" "${PROJECT_SOURCE_DIR}/cmake/ratls_mbedtls_config.h"
  "${PROJECT_SOURCE_DIR}/cmake/ratls_mbedtls_alt.h")

# -- Everything else, where the memory sanitizer must see it initialised ---------
if(RATLS_SANITIZE STREQUAL "memory")
  if(NOT RATLS_CRYPTO STREQUAL "builtin" OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "RATLS_SANITIZE=memory needs Clang and RATLS_CRYPTO=builtin: AWS-LC is assembly.")
  endif()
  ratls_build_dependency(libcxx _libcxx)
  foreach(_name IN ITEMS "sodium;libsodium.a" "uv;libuv_a.a" "sqlite;libsqlite3.a")
    list(GET _name 0 _library)
    list(GET _name 1 _archive)
    ratls_build_dependency(${_library} _prefix)
    string(TOUPPER ${_library} _upper)
    set(RATLS_${_upper}_INCLUDE "${_prefix}/include" CACHE PATH "" FORCE)
    set(RATLS_${_upper}_LIBRARY "${_prefix}/lib/${_archive}" CACHE FILEPATH "" FORCE)
  endforeach()
  set(_cxx -nostdinc++ -isystem "${_libcxx}/include/c++/v1"
    -include "${PROJECT_SOURCE_DIR}/tests/msan/libcxx_16.h")
  target_compile_options(ratls_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${_cxx}>")
  target_link_options(ratls_flags INTERFACE -nostdlib++)
  set(CMAKE_CXX_STANDARD_LIBRARIES "${_libcxx}/lib/libc++.a ${_libcxx}/lib/libc++abi.a -lgcc_s -lpthread")
  string(APPEND RATLS_DEPENDENCY_CFLAGS " -nostdinc++ -isystem ${_libcxx}/include/c++/v1")
endif()

# -- mbedTLS -------------------------------------------------------------------
ratls_build_dependency(mbedtls RATLS_MBEDTLS_PREFIX)
file(STRINGS "${RATLS_MBEDTLS_PREFIX}/include/mbedtls/build_info.h" _line
  REGEX "define MBEDTLS_VERSION_STRING ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" RATLS_MBEDTLS_VERSION "${_line}")
if(RATLS_MBEDTLS_VERSION VERSION_LESS 3.6.7)
  message(FATAL_ERROR "ratls needs mbedTLS 3.6.7 or newer, but ${RATLS_MBEDTLS_VERSION} was found; "
    "older releases have known faults in TLS 1.3. Correct cmake/deps.lock.")
endif()

find_package(Threads REQUIRED)
add_library(ratls_dep_mbedtls STATIC IMPORTED GLOBAL)
set_target_properties(ratls_dep_mbedtls PROPERTIES
  IMPORTED_LOCATION "${RATLS_MBEDTLS_PREFIX}/lib/libratls_mbedtls.a"
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_MBEDTLS_PREFIX}/include"
  INTERFACE_COMPILE_DEFINITIONS "MBEDTLS_CONFIG_FILE=\"ratls_mbedtls_config.h\""
  INTERFACE_LINK_LIBRARIES "Threads::Threads;ratls_provider")

add_library(ratls_dep_mbedtls_private INTERFACE IMPORTED GLOBAL)
set_target_properties(ratls_dep_mbedtls_private PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_MBEDTLS_PREFIX}/private"
  INTERFACE_LINK_LIBRARIES ratls_dep_mbedtls)

# -- AWS-LC --------------------------------------------------------------------
if(RATLS_CRYPTO STREQUAL "aws-lc")
  ratls_build_dependency(awslc RATLS_AWSLC_PREFIX)
  add_library(ratls_dep_awslc STATIC IMPORTED GLOBAL)
  # Its headers rename every function where this prefix is defined.
  set_target_properties(ratls_dep_awslc PROPERTIES
    IMPORTED_LOCATION "${RATLS_AWSLC_PREFIX}/lib/libratls_awslc.a"
    INTERFACE_INCLUDE_DIRECTORIES "${RATLS_AWSLC_PREFIX}/include"
    INTERFACE_COMPILE_DEFINITIONS "BORINGSSL_PREFIX=ratls_awslc"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()

# -- System packages -----------------------------------------------------------
find_path(RATLS_SODIUM_INCLUDE sodium.h)
find_library(RATLS_SODIUM_LIBRARY sodium)
ratls_require(RATLS_SODIUM_LIBRARY libsodium-dev)
add_library(ratls_dep_sodium UNKNOWN IMPORTED GLOBAL)
set_target_properties(ratls_dep_sodium PROPERTIES
  IMPORTED_LOCATION "${RATLS_SODIUM_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_SODIUM_INCLUDE}")

find_path(RATLS_JSON_INCLUDE nlohmann/json.hpp)
ratls_require(RATLS_JSON_INCLUDE nlohmann-json3-dev)
add_library(ratls_dep_json INTERFACE IMPORTED GLOBAL)
set_target_properties(ratls_dep_json PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_JSON_INCLUDE}")

find_path(RATLS_CLI11_INCLUDE CLI/CLI.hpp)
ratls_require(RATLS_CLI11_INCLUDE libcli11-dev)
add_library(ratls_dep_cli11 INTERFACE IMPORTED GLOBAL)
set_target_properties(ratls_dep_cli11 PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_CLI11_INCLUDE}")

find_path(RATLS_UV_INCLUDE uv.h)
find_library(RATLS_UV_LIBRARY uv)
ratls_require(RATLS_UV_LIBRARY libuv1-dev)
add_library(ratls_dep_uv UNKNOWN IMPORTED GLOBAL)
set_target_properties(ratls_dep_uv PROPERTIES
  IMPORTED_LOCATION "${RATLS_UV_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_UV_INCLUDE}")

find_path(RATLS_SQLITE_INCLUDE sqlite3.h)
find_library(RATLS_SQLITE_LIBRARY sqlite3)
ratls_require(RATLS_SQLITE_LIBRARY libsqlite3-dev)
add_library(ratls_dep_sqlite UNKNOWN IMPORTED GLOBAL)
set_target_properties(ratls_dep_sqlite PROPERTIES
  IMPORTED_LOCATION "${RATLS_SQLITE_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${RATLS_SQLITE_INCLUDE}")


# -- Tests and benchmarks ------------------------------------------------------
if(RATLS_BUILD_TESTS)
  ratls_build_dependency(catch2 _catch2)
  find_package(Catch2 3 REQUIRED CONFIG PATHS "${_catch2}" NO_DEFAULT_PATH GLOBAL)
endif()
if(RATLS_BUILD_BENCH)
  find_package(benchmark QUIET)
  ratls_require(benchmark_FOUND libbenchmark-dev)
endif()
