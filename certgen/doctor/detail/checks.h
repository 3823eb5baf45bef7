/// The single checks of a diagnosis: each a function of the facts.
#pragma once

#include <ratls/certgen/doctor/doctor.h>

namespace ratls::doctor::detail {

/// What an errno means, and whether it means "not permitted".
std::string words(int code);
bool forbidden(int code);

/// Where reports can be had, as far as that shows without asking for one.
Door best_door(const MachineFacts& facts);

Check check_guest(const MachineFacts& facts, Door door);
Check check_driver(const MachineFacts& facts, Door door);
Check check_tsm(const MachineFacts& facts, Door door);
Check check_provider(const MachineFacts& facts);
Check check_level(const MachineFacts& facts);
Check check_device(const MachineFacts& facts, Door door);

/// Can a quote be had of the vTPM, as far as that shows without asking for one?
bool azure_works(const MachineFacts& facts);
Check check_azure_vtpm(const MachineFacts& facts);
Check check_azure_report(const MachineFacts& facts);
Check check_azure_key(const MachineFacts& facts);
Check check_azure_endorsement(const MachineFacts& facts);

Check check_clock(const MachineFacts& facts);
Check check_memlock(const MachineFacts& facts);
Check check_swap(const MachineFacts& facts);

}  // namespace ratls::doctor::detail
