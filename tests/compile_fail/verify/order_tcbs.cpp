// TCBs have no order: a higher microcode does not outweigh a lower SNP firmware.
#include <ratls/verify/snp/types.h>

bool enough(const ratls::snp::Tcb& got, const ratls::snp::Tcb& floor) {
#ifdef MUST_FAIL
  return got > floor;
#else
  return got.at_least(floor);
#endif
}
