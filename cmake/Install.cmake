# `cmake --install`: headers, libraries, the CMake package and ratls.pc.

include(CMakePackageConfigHelpers)

set(_package "${CMAKE_INSTALL_LIBDIR}/cmake/ratls")

# -- Headers: everything but detail/, spelled as in the tree ----------------------
foreach(folder core verify certgen)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}")
    install(DIRECTORY ${folder} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/ratls"
      FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN detail EXCLUDE)
  endif()
endforeach()
if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/ratls")
  install(DIRECTORY ratls/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/ratls"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN detail EXCLUDE)
endif()

# -- The bundled archives: a static program needs them, never their headers -------
if(NOT BUILD_SHARED_LIBS OR TARGET ratls_sim)
  install(FILES "${RATLS_MBEDTLS_PREFIX}/lib/libratls_mbedtls.a"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  if(RATLS_CRYPTO STREQUAL "aws-lc")
    install(FILES "${RATLS_AWSLC_PREFIX}/lib/libratls_awslc.a"
      DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  endif()
endif()
if(RATLS_CRYPTO STREQUAL "aws-lc")
  install(FILES "${RATLS_AWSLC_PREFIX}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
    RENAME LICENSE.aws-lc)
endif()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${RATLS_MBEDTLS_PREFIX}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  RENAME LICENSE.mbedtls)

# -- find_package(ratls) ------------------------------------------------------------
install(EXPORT ratls NAMESPACE ratls:: DESTINATION "${_package}" FILE ratlsTargets.cmake)
configure_package_config_file(cmake/ratlsConfig.cmake.in "${PROJECT_BINARY_DIR}/ratlsConfig.cmake"
  INSTALL_DESTINATION "${_package}" PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ratlsConfigVersion.cmake"
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ratlsConfig.cmake"
  "${PROJECT_BINARY_DIR}/ratlsConfigVersion.cmake" DESTINATION "${_package}")

# -- pkg-config -----------------------------------------------------------------------
# With archives, a program must name all of them, so they stand in Libs.
if(BUILD_SHARED_LIBS)
  set(RATLS_PC_LIBS "-lratls")
  set(RATLS_PC_REQUIRES "Requires.private: libsodium")
else()
  set(RATLS_PC_LIBS "")
  foreach(name kds ratls certgen verify core)
    ratls_target_name(${name} target)
    if(TARGET ${target})
      string(APPEND RATLS_PC_LIBS "-l${target} ")
    endif()
  endforeach()
  # These two need each other; pkg-config would drop a name said twice.
  string(APPEND RATLS_PC_LIBS "-Wl,--start-group,-lratls_mbedtls,-lratls_provider,--end-group ")
  if(RATLS_CRYPTO STREQUAL "aws-lc")
    string(APPEND RATLS_PC_LIBS "-lratls_awslc ")
  endif()
  string(APPEND RATLS_PC_LIBS "-pthread")
  set(RATLS_PC_REQUIRES "Requires: libsodium")
  if(RATLS_TPM_FOUND)
    string(APPEND RATLS_PC_REQUIRES " tss2-esys tss2-tctildr tss2-rc tss2-mu")
  endif()
endif()
file(RELATIVE_PATH RATLS_PC_UP "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" RATLS_PC_UP "${RATLS_PC_UP}")
configure_file(cmake/ratls.pc.in "${PROJECT_BINARY_DIR}/ratls.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/ratls.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
