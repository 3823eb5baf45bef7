// A program outside the tree: public headers, the installed library, nothing else.
#if __has_include(<ratls/ratls.h>)
#include <ratls/ratls.h>
#endif
#include <ratls/core/bytes.h>

#include <cstdio>
#include <string>

#ifdef WITH_OTHER
extern "C" int other_library_works(void);
#endif

int main() {
  const auto bytes = ratls::from_hex("00ff10");
  if (!bytes || ratls::to_hex(*bytes) != "00ff10") return 1;
#ifdef WITH_OTHER
  if (other_library_works() == 0) return 2;
#endif
  std::puts("consumer: ok");
  return 0;
}
