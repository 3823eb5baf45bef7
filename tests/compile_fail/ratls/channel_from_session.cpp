// A session is not a channel yet: what releases keys does not take one.
#include <ratls/channel.h>

ratls::Result<void> release_key(ratls::Channel& to);
ratls::Result<void> use(ratls::Channel& channel) {
  return release_key(channel);
}

#ifdef MUST_FAIL
ratls::Result<void> misuse(ratls::Session& session) {
  return release_key(session);
}
#endif
