/// A key broker: releases one secret, on attested channels only.
#pragma once

#include <memory>

#include <ratls/channel.h>
#include <ratls/config.h>
#include <ratls/core/secret.h>
#include <ratls/services/agent/resource.h>
#include <ratls/verify/verifier.h>

namespace ratls::examples {

/// What it holds, and who it is. Immutable once made; all connections share it.
struct Keeper {
  std::shared_ptr<const CertificateIdentity> identity;
  std::shared_ptr<const Verifier> verifier;
  agent::Resource resource;
  SecretBytes value;
};

/// Serves one connection to its end: judges the guest, says in the log what was checked, and only
/// then reads its request. Nothing that the peer does makes it fail or wait for long.
/// `number` names the connection in the log.
void serve(std::unique_ptr<Transport> transport, const Keeper& keeper, unsigned number);

}  // namespace ratls::examples
