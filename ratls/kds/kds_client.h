/// The client of AMD's key service: fetches endorsement certificates and revocation lists over
/// HTTPS. It is called by tools and by a Prefetcher, never from a handshake.
///
/// An answer is taken for what AMD's pinned keys say of it and for nothing else: it must be what
/// was asked for, genuine and within its dates. TLS protects against eavesdropping and against
/// somebody in between who serves old lists; nothing more hangs on it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ratls/core/clock.h>
#include <ratls/core/result.h>
#include <ratls/verify/collateral.h>
#include <ratls/verify/collateral/item.h>
#include <ratls/verify/root_of_trust.h>

namespace ratls {

/// How a KdsClient reaches the service. No environment variable changes any of it.
struct KdsOptions {
  /// https only; may have a path, for a mirror. TLS 1.3 only.
  std::string base_url = "https://kdsintf.amd.com";
  /// PEM of the CAs that may vouch for that server; read when the client is made.
  std::string ca_file = "/etc/ssl/certs/ca-certificates.crt";
  /// "http://host:port", asked by CONNECT; empty: none.
  std::string proxy;
  /// A command that is run instead of HTTPS, e.g. "curl -sSf": for services and proxies without
  /// TLS 1.3. Split at blanks; '...', "..." and a backslash quote; no shell. {url} stands for the
  /// URL, which is otherwise added at the end. What it prints is the answer; base_url names the
  /// service, ca_file and proxy are not used. Empty: none.
  std::string fetch_command;

  std::chrono::milliseconds connect_limit{10000};  ///< one TCP connection
  /// One object from the call to its end, waiting included; only name resolution, which the
  /// system's resolver bounds, can go beyond it.
  std::chrono::milliseconds limit{60000};
  /// Between two requests for VCEKs. AMD's service answers 429 to an address that asks for more
  /// than about one in 10 s. Lists and chains are not spaced.
  std::chrono::milliseconds pace{10000};
  /// Told before a wait for the pace or for a Retry-After, in the thread that waits; may be empty.
  std::function<void(std::chrono::milliseconds, const char* why)> on_wait = {};
};

/// What was fetched, judged.
struct KdsAnswer {
  std::vector<CollateralItem> items;  ///< one; of a chain two: ASK or ASVK, then ARK
  std::string url;
  std::size_t bytes = 0;
  std::chrono::milliseconds took{0};  ///< waiting included
};

/// Bounds: 64 KiB for an answer, KdsOptions::limit for a call. No redirect is followed. Where the
/// service says 429 (or 503) it is asked again after its Retry-After, or after 10 s, 20 s, ... ,
/// as long as that fits the limit; nothing else is tried twice.
///
/// Threads: all functions may run at once; requests run in the calling thread, and this class
/// starts none. Threads that want the same object at once share one request.
///
/// Errors, of all fetches:
///   the network       connection_failed, connection_closed, truncated_stream, io_error,
///   tls_failed,
///                     no_tls13, kds_timeout, fetch_command_failed
///   the server        server_untrusted, server_name_mismatch, server_expired
///   what it says      kds_throttled, kds_not_found, kds_redirected, kds_unavailable (any other
///                     status than 200), malformed_http (also: longer than 64 KiB)
///   the answer        those of read_collateral(), malformed_endorsement, product_mismatch,
///                     chip_id_mismatch, tcb_mismatch, endorsement_expired,
///                     endorsement_not_yet_valid, crl_invalid, crl_stale, no_time
///   the query         chip_id_masked, missing_endorsement (a VLEK), invalid_config
class KdsClient {
 public:
  /// `clock` is borrowed and must outlive the client. Errors: invalid_config.
  static Result<std::unique_ptr<KdsClient>> create(KdsOptions options, RootOfTrust roots,
                                                   const Clock& clock);
  KdsClient(const KdsClient&) = delete;
  KdsClient& operator=(const KdsClient&) = delete;
  ~KdsClient();

  /// The VCEK of a chip at a TCB. Without a product line (reports of version 2) Milan is asked for,
  /// then Genoa.
  Result<KdsAnswer> vcek(const EndorsementQuery& query);
  Result<KdsAnswer> crl(const CrlQuery& query);
  /// ASK or ASVK, and ARK. They are pinned, so nothing here needs them; others may.
  Result<KdsAnswer> chain(snp::ProductLine line, snp::SigningKeyKind kind);

  /// Where these are; "" for a VCEK that cannot be asked for.
  [[nodiscard]] std::string url(const EndorsementQuery& query) const;
  [[nodiscard]] std::string url(const CrlQuery& query) const;

  /// All calls, running and later ones, end with connection_closed: at once, or after connect_limit
  /// where a connection is being made.
  void shut_down() noexcept;

 private:
  struct State;

  explicit KdsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ratls
