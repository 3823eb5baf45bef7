/// The single checks of a diagnosis: each a function of the facts.
#pragma once

#include <ratls/certgen/doctor/doctor.h>

namespace ratls::doctor::detail {

/// Where reports can be had, as far as that shows without asking for one.
Door best_door(const MachineFacts& facts);

Check check_guest(const MachineFacts& facts, Door door);
Check check_driver(const MachineFacts& facts, Door door);
Check check_tsm(const MachineFacts& facts, Door door);
Check check_provider(const MachineFacts& facts);
Check check_level(const MachineFacts& facts);
Check check_device(const MachineFacts& facts, Door door);
Check check_azure(const MachineFacts& facts);

Check check_clock(const MachineFacts& facts);
Check check_memlock(const MachineFacts& facts);
Check check_swap(const MachineFacts& facts);

}  // namespace ratls::doctor::detail
