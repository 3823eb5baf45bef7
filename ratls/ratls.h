/// Everything: attested TLS channels, and what they are made of.
#pragma once

#include <ratls/activation.h>
#include <ratls/certgen/attester.h>
#include <ratls/certgen/identity.h>
#include <ratls/channel.h>
#include <ratls/client.h>
#include <ratls/config.h>
#include <ratls/core/result.h>
#include <ratls/core/secret.h>
#include <ratls/peer.h>
#include <ratls/server.h>
#include <ratls/session.h>
#include <ratls/tcp.h>
#include <ratls/tickets.h>
#include <ratls/verify/policy.h>
#include <ratls/verify/verdict.h>
#include <ratls/verify/verifier.h>
