#include "sockets_of_manager.h"

#include <cstdlib>

namespace ratls::cli {

namespace {

std::string_view variable(const char* name) {
  const char* text = std::getenv(name);  // says where sockets are, never what is accepted
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

Result<std::vector<InheritedSocket>> sockets_of_manager() {
  return inherited_sockets(
      {variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES")});
}

}  // namespace ratls::cli
