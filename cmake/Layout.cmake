# How a folder of this project becomes a target, in one line of its
# CMakeLists.txt.
#
#   ratls_library(NAME core SOURCES a.cpp ... [DEPENDS verify ...]
#                 [THIRD_PARTY ratls_dep_sodium ...] [SEPARATE | INTERNAL])
#       The library of a folder: target ratls_<NAME>, alias ratls::<NAME>
#       (NAME ratls: target ratls, alias ratls::ratls). DEPENDS names other
#       libraries of ours, THIRD_PARTY targets of Dependencies.cmake that only
#       the .cpp files see. Installed and exported. In a shared build its objects
#       go into the one libratls.so, and the target is an interface onto that.
#       SEPARATE: always a static archive of its own (the simulator).
#       INTERNAL: the same, and not installed (services, test support).
#
#   ratls_executable(NAME tool SOURCES ... [LINK ...] [OUTPUT name] [INSTALL])
#       A program, built as <build>/<folder>/<OUTPUT or NAME>.
#
#   ratls_test(NAME x SOURCES ... [LINK ...] [LABELS ...] [ARGS ...])
#       A Catch2 program, run as one CTest named x, in the source tree's root.
#
#   ratls_compile_fail_test(NAME file.cpp [LINK ...])
#       A file that must compile, and must not compile with -DMUST_FAIL.
#
#   ratls_fuzzer(NAME file.cpp [LINK ...])     a libFuzzer program, in the fuzz preset
#   ratls_bench(NAME SOURCES ... [LINK ...])   a Google Benchmark program

include(GNUInstallDirs)
include(CheckPIESupported)

set(RATLS_INCLUDE_ROOT "${PROJECT_BINARY_DIR}/include")
# One shared library holds these; see BUILD_SHARED_LIBS.
set(RATLS_SHARED_MEMBERS core verify certgen ratls kds)

# -- <ratls/...> in the tree, spelled as when installed --------------------------
function(ratls_link_headers)
  set(root "${RATLS_INCLUDE_ROOT}/ratls")
  file(MAKE_DIRECTORY "${root}")
  foreach(folder core verify certgen services examples)
    file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${root}/${folder}" SYMBOLIC)
  endforeach()
  file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true "${PROJECT_SOURCE_DIR}/ratls/*")
  foreach(entry IN LISTS entries)
    get_filename_component(name "${entry}" NAME)
    if(IS_DIRECTORY "${entry}" OR name MATCHES "\\.(h|def)$")
      file(CREATE_LINK "${entry}" "${root}/${name}" SYMBOLIC)
    endif()
  endforeach()
endfunction()

function(ratls_own_code target)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:ratls_flags>)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${RATLS_INCLUDE_ROOT}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_20)
endfunction()

# Header-only third parties leave nothing behind for whoever links the archive.
function(ratls_link_third_party target)
  foreach(dependency IN LISTS ARGN)
    if(dependency STREQUAL "ratls_dep_json" OR dependency STREQUAL "ratls_dep_mbedtls_private"
        OR dependency STREQUAL "ratls_dep_cli11")
      target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:${dependency}>)
      if(dependency STREQUAL "ratls_dep_mbedtls_private")
        target_link_libraries(${target} PRIVATE ratls_dep_mbedtls)
      endif()
    else()
      target_link_libraries(${target} PRIVATE ${dependency})
    endif()
  endforeach()
endfunction()

function(ratls_target_name name out)
  if(name STREQUAL "ratls")
    set(${out} ratls PARENT_SCOPE)
  else()
    set(${out} ratls_${name} PARENT_SCOPE)
  endif()
endfunction()

function(ratls_our_targets out)
  set(targets "")
  foreach(name IN LISTS ARGN)
    list(APPEND targets ratls::${name})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

# -- Libraries -------------------------------------------------------------------
function(ratls_library)
  cmake_parse_arguments(A "SEPARATE;INTERNAL" "NAME" "SOURCES;DEPENDS;THIRD_PARTY" ${ARGN})
  if(A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ratls_library(${A_NAME}): unknown argument ${A_UNPARSED_ARGUMENTS}")
  endif()
  if(BUILD_SHARED_LIBS AND A_NAME IN_LIST RATLS_SHARED_MEMBERS)
    ratls_shared_member()
  else()
    ratls_static_archive()
  endif()
endfunction()

macro(ratls_static_archive)
  ratls_target_name(${A_NAME} target)
  add_library(${target} STATIC ${A_SOURCES})
  add_library(ratls::${A_NAME} ALIAS ${target})
  ratls_own_code(${target})
  ratls_our_targets(ours ${A_DEPENDS})
  target_link_libraries(${target} PUBLIC ${ours})
  ratls_link_third_party(${target} ${A_THIRD_PARTY})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${A_NAME})
  if(NOT A_INTERNAL)
    install(TARGETS ${target} EXPORT ratls ARCHIVE)
  endif()
endmacro()

macro(ratls_shared_member)
  add_library(ratls_${A_NAME}_objects OBJECT ${A_SOURCES})
  ratls_own_code(ratls_${A_NAME}_objects)
  ratls_link_third_party(ratls_${A_NAME}_objects ${A_THIRD_PARTY})
  target_sources(ratls PRIVATE $<TARGET_OBJECTS:ratls_${A_NAME}_objects>)
  target_link_libraries(ratls PRIVATE ${A_THIRD_PARTY})
  if(NOT A_NAME STREQUAL "ratls")
    add_library(ratls_${A_NAME} INTERFACE)
    add_library(ratls::${A_NAME} ALIAS ratls_${A_NAME})
    target_link_libraries(ratls_${A_NAME} INTERFACE ratls)
    set_target_properties(ratls_${A_NAME} PROPERTIES EXPORT_NAME ${A_NAME})
    install(TARGETS ratls_${A_NAME} EXPORT ratls)
  endif()
endmacro()

# The one shared library; ratls_library() adds the objects of each folder.
function(ratls_shared_library)
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/empty.cpp" CONTENT "")
  add_library(ratls SHARED "${PROJECT_BINARY_DIR}/empty.cpp")
  add_library(ratls::ratls ALIAS ratls)
  ratls_own_code(ratls)
  # All of mbedTLS stays inside, whatever its objects say about visibility.
  target_link_options(ratls PRIVATE LINKER:--exclude-libs,ALL LINKER:-z,defs)
  set_target_properties(ratls PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION 0 EXPORT_NAME ratls)
  install(TARGETS ratls EXPORT ratls LIBRARY)
endfunction()

# -- Programs --------------------------------------------------------------------
function(ratls_executable)
  cmake_parse_arguments(A "INSTALL" "NAME;OUTPUT" "SOURCES;LINK;THIRD_PARTY" ${ARGN})
  add_executable(${A_NAME} ${A_SOURCES})
  ratls_own_code(${A_NAME})
  target_link_libraries(${A_NAME} PRIVATE ${A_LINK})
  ratls_link_third_party(${A_NAME} ${A_THIRD_PARTY})
  if(A_OUTPUT)
    set_target_properties(${A_NAME} PROPERTIES OUTPUT_NAME ${A_OUTPUT})
  endif()
  if(A_INSTALL)
    install(TARGETS ${A_NAME} RUNTIME)
  endif()
endfunction()

function(ratls_test)
  cmake_parse_arguments(A "" "NAME;TIMEOUT" "SOURCES;LINK;LABELS;ARGS" ${ARGN})
  if(NOT RATLS_BUILD_TESTS)
    return()
  endif()
  add_executable(test_${A_NAME} ${A_SOURCES})
  if(RATLS_HELGRIND)
    target_sources(test_${A_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests/helgrind/pthread_once.c")
  endif()
  ratls_own_code(test_${A_NAME})
  target_link_libraries(test_${A_NAME} PRIVATE ${A_LINK} Catch2::Catch2WithMain)
  target_compile_definitions(test_${A_NAME} PRIVATE
    RATLS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" RATLS_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${A_NAME} COMMAND test_${A_NAME} ${A_ARGS}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  if(RATLS_SANITIZE STREQUAL "thread" OR RATLS_SANITIZE STREQUAL "memory")
    math(EXPR A_TIMEOUT "${A_TIMEOUT} * 6")  # that is how much slower they run
  endif()
  # Catch2 ends with 4 where every test case was skipped, each saying why.
  set_tests_properties(${A_NAME} PROPERTIES
    TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}" SKIP_RETURN_CODE 4)
endfunction()

function(ratls_compile_fail_test name file)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  if(NOT RATLS_BUILD_TESTS)
    return()
  endif()
  foreach(kind pass fail)
    add_library(compile_${name}_${kind} OBJECT EXCLUDE_FROM_ALL ${file})
    ratls_own_code(compile_${name}_${kind})
    target_link_libraries(compile_${name}_${kind} PRIVATE ${A_LINK})
    add_test(NAME compile_${name}_${kind}
      COMMAND "${CMAKE_COMMAND}" --build "${PROJECT_BINARY_DIR}" --target compile_${name}_${kind})
    # Two ninja processes must not run in one build folder at once.
    set_tests_properties(compile_${name}_${kind} PROPERTIES
      RESOURCE_LOCK ninja LABELS compile_fail TIMEOUT 300)
  endforeach()
  target_compile_definitions(compile_${name}_fail PRIVATE MUST_FAIL)
  target_compile_options(compile_${name}_fail PRIVATE -Werror)
  # The compiler must be what refused: a broken build is no proof.
  set_tests_properties(compile_${name}_fail PROPERTIES
    PASS_REGULAR_EXPRESSION "error: " FAIL_REGULAR_EXPRESSION "No such file;unknown target")
endfunction()

function(ratls_fuzzer name file)
  cmake_parse_arguments(A "" "" "LINK" ${ARGN})
  if(NOT RATLS_FUZZ)
    return()
  endif()
  add_executable(fuzz_${name} ${file})
  ratls_own_code(fuzz_${name})
  target_link_libraries(fuzz_${name} PRIVATE ${A_LINK})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()

function(ratls_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK;THIRD_PARTY" ${ARGN})
  if(NOT RATLS_BUILD_BENCH)
    return()
  endif()
  add_executable(${name} ${A_SOURCES})
  ratls_own_code(${name})
  target_link_libraries(${name} PRIVATE ${A_LINK} benchmark::benchmark)
  ratls_link_third_party(${name} ${A_THIRD_PARTY})
endfunction()
