// guest_firmware NAME SIMULATOR LEVEL DELAY_MS FAULT_FILE: see device.h.
#include <cstdlib>
#include <iostream>

#include "device.h"

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: guest_firmware NAME SIMULATOR LEVEL DELAY_MS FAULT_FILE\n";
    return 64;
  }
  ratls::test::FirmwareOptions options;
  options.simulator = argv[2];
  options.level = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  options.delay = std::chrono::milliseconds(std::strtoul(argv[4], nullptr, 10));
  options.fault = argv[5];
  const auto firmware = ratls::test::Firmware::open(options);
  if (!firmware) {
    std::cerr << "guest_firmware: " << firmware.error().message() << '\n';
    return 78;
  }
  return ratls::test::serve_device(argv[1], **firmware);
}
