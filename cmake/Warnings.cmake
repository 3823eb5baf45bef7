# Compiler flags of our own code, as one interface target: ratls_flags.
# Third-party code never gets it.

option(RATLS_WERROR "Treat warnings as errors (the presets turn it on)" OFF)
set(RATLS_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=; dependencies get them too")
option(RATLS_COVERAGE "Count executed lines" OFF)
option(RATLS_HELGRIND "Tell valgrind's helgrind what it cannot see (scripts/helgrind)" OFF)
option(RATLS_FUZZ "Build tests/fuzz (needs Clang)" OFF)

add_library(ratls_flags INTERFACE)

target_compile_options(ratls_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wcast-qual
  -Wformat=2 -Wundef -Wimplicit-fallthrough -Wnull-dereference -Wvla
  $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast;-Wnon-virtual-dtor;-Woverloaded-virtual;-Wextra-semi>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>
  $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond;-Wlogical-op>
  $<$<BOOL:${RATLS_WERROR}>:-Werror>
  -ffunction-sections -fdata-sections $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)

# GCC 12 cannot see through optimised std::optional and std::variant: these two
# report what does not exist. Clang and the sanitizers look for the same faults.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(ratls_flags INTERFACE -Wno-maybe-uninitialized -Wno-null-dereference)
endif()

if(RATLS_SANITIZE)
  set(_sanitize -fsanitize=${RATLS_SANITIZE} -fno-omit-frame-pointer)
  target_compile_options(ratls_flags INTERFACE ${_sanitize} -fno-sanitize-recover=all)
  target_link_options(ratls_flags INTERFACE -fsanitize=${RATLS_SANITIZE})
endif()

if(RATLS_HELGRIND)
  target_compile_options(ratls_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include ${PROJECT_SOURCE_DIR}/tests/helgrind/annotations.h>")
endif()

if(RATLS_FUZZ)
  target_compile_options(ratls_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_compile_definitions(ratls_flags INTERFACE RATLS_FUZZING_UNSAFE_FOR_PRODUCTION)
endif()

if(RATLS_COVERAGE)
  target_compile_options(ratls_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(ratls_flags INTERFACE --coverage)
endif()

# Hardening, where the optimiser runs and no sanitizer stands in its way.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT RATLS_SANITIZE)
  target_compile_options(ratls_flags INTERFACE
    -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  target_link_options(ratls_flags INTERFACE LINKER:-z,relro LINKER:-z,now LINKER:--gc-sections)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(ratls_flags INTERFACE -fcf-protection)
  endif()
endif()

# What the dependencies are compiled with on top of their own flags.
set(RATLS_DEPENDENCY_CFLAGS "")
if(RATLS_SANITIZE)
  set(RATLS_DEPENDENCY_CFLAGS "-fsanitize=${RATLS_SANITIZE} -fno-omit-frame-pointer")
endif()
