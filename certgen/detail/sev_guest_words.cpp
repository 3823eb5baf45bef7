#include <ratls/certgen/detail/sev_guest_words.h>

#include <cerrno>
#include <system_error>

#include <ratls/core/reader.h>

namespace ratls::detail {

namespace {

std::string code_text(std::uint32_t code) {
  return "code " + to_hex(Writer().u32be(code).view());
}

}  // namespace

std::string firmware_words(std::uint32_t code) {
  switch (code) {
    case 0:
      return "success";
    case 0x01:
      return "the platform is in another state than this request needs";
    case 0x02:
      return "this guest is in another state than this request needs";
    case 0x15:
      return "this firmware does not know the request";
    case 0x16:
      return "invalid parameter (a VMPL below this guest's own, or another message version)";
    case 0x17:
      return "it has no room for the request";
    case 0x1d:
      return "the count of messages is used up";
    case 0x27:
      return "no such key (a VLEK is not loaded)";
    case 0xff:        // what the driver puts there before it asks
    case 0xffffffff:  // SEV_RET_NO_FW_CALL
      return "nothing: it was not reached";
    default:
      return code_text(code);
  }
}

std::string host_words(std::uint32_t code) {
  switch (code) {
    case 0:
      return "nothing";
    case 1:
      return "that its certificates need more room";
    case 2:
      return "that it is busy (throttled)";
    case 0xffffffff:
      return "an error that it does not name";
    default:
      return code_text(code);
  }
}

std::string driver_words(int code) {
  const std::string out = std::generic_category().message(code);
  switch (code) {
    case ENOTTY:
      return out +
             ": the kernel wiped the key to the firmware after an earlier failure, so that no "
             "number is used twice";
    case ETIMEDOUT:
      return out + ": the host was busy for a minute, and the kernel wipes its key then";
    case EBADMSG:
      return out + ": the answer was not the firmware's";
    default:
      return out;
  }
}

}  // namespace ratls::detail
