// A Channel is made by a handshake and by nothing else.
#include <ratls/channel.h>

// What a program writes against a channel cannot be called with less.
ratls::Result<void> release_key(ratls::Channel& to, const ratls::SecretBytes& key) {
  return key.expose([&](ratls::ByteView bytes) { return to.write(bytes); });
}

#ifdef MUST_FAIL
ratls::Channel forged() {
  return ratls::Channel();
}
#endif
