# TPM 2.0 through tpm2-tss: target ratls_dep_tpm where RATLS_TPM finds it, and RATLS_HAS_TPM.
set(RATLS_TPM AUTO CACHE STRING "TPM 2.0 through tpm2-tss: AUTO (where it is installed), ON or OFF")
set_property(CACHE RATLS_TPM PROPERTY STRINGS AUTO ON OFF)
set(RATLS_HAS_TPM OFF)
if(NOT RATLS_TPM STREQUAL OFF)
  find_path(RATLS_TSS_INCLUDE tss2/tss2_esys.h)
  find_library(RATLS_TSS_ESYS_LIBRARY tss2-esys)
  find_library(RATLS_TSS_MU_LIBRARY tss2-mu)
  find_library(RATLS_TSS_TCTILDR_LIBRARY tss2-tctildr)
  if(RATLS_TSS_INCLUDE AND RATLS_TSS_ESYS_LIBRARY AND RATLS_TSS_MU_LIBRARY AND RATLS_TSS_TCTILDR_LIBRARY)
    set(RATLS_HAS_TPM ON)
  elseif(RATLS_TPM STREQUAL ON)
    message(FATAL_ERROR "RATLS_TPM is ON and tpm2-tss is not here: apt-get install libtss2-dev")
  endif()
endif()
if(RATLS_HAS_TPM AND NOT TARGET ratls_dep_tpm)
  add_library(ratls_dep_tpm UNKNOWN IMPORTED GLOBAL)
  set_target_properties(ratls_dep_tpm PROPERTIES
    IMPORTED_LOCATION "${RATLS_TSS_ESYS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${RATLS_TSS_INCLUDE}"
    INTERFACE_LINK_LIBRARIES "${RATLS_TSS_MU_LIBRARY};${RATLS_TSS_TCTILDR_LIBRARY}")
endif()
