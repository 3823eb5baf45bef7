# tpm2-tss, for whatever talks to a TPM: target ratls_dep_tpm, and RATLS_TPM_FOUND.
#
#   RATLS_TPM=AUTO   with it where pkg-config finds it (Debian: libtss2-dev)
#   RATLS_TPM=ON     an error without it
#   RATLS_TPM=OFF    never
include_guard(GLOBAL)

set(RATLS_TPM AUTO CACHE STRING "TPM support through tpm2-tss: AUTO, ON or OFF")
set_property(CACHE RATLS_TPM PROPERTY STRINGS AUTO ON OFF)
if(NOT RATLS_TPM MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "RATLS_TPM is AUTO, ON or OFF, not '${RATLS_TPM}'.")
endif()

set(RATLS_TPM_FOUND FALSE)
if(NOT RATLS_TPM STREQUAL "OFF")
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(RATLS_TSS QUIET IMPORTED_TARGET tss2-esys tss2-tctildr tss2-rc tss2-mu)
  endif()
  if(RATLS_TSS_FOUND)
    set(RATLS_TPM_FOUND TRUE)
    add_library(ratls_dep_tpm INTERFACE IMPORTED GLOBAL)
    target_link_libraries(ratls_dep_tpm INTERFACE PkgConfig::RATLS_TSS)
  elseif(RATLS_TPM STREQUAL "ON")
    message(FATAL_ERROR "RATLS_TPM=ON, and pkg-config finds no tpm2-tss; install libtss2-dev.")
  endif()
endif()
message(STATUS "TPM support (tpm2-tss): ${RATLS_TPM_FOUND}")
