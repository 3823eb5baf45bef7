#include <ratls/detail/ticket_desk.h>

#include <ratls/core/crypto.h>
#include <ratls/core/reader.h>
#include <ratls/core/signing_key.h>

namespace ratls::detail {

namespace {

constexpr std::string_view kDomain = "RATLS-ticket-v1";
constexpr std::uint8_t kVersion = 1;
// Version, identity, digests of verdict and policy, SPKI hash, level, two moments.
constexpr std::size_t kHead = 1 + 16 + 32 + 32 + 48 + 1 + 8 + 8;
// TLS's session of a server is below 100 bytes.
constexpr std::size_t kMaxPlain = kHead + 256;

}  // namespace

// Whatever belongs to a use and is no part of this digest would be shared by all uses: framing and
// side are not, since tickets exist for plain servers only.
Sha256Digest ticket_use(ByteView server_spki, std::string_view alpn) noexcept {
  const std::array<std::uint8_t, 1> zero{0};
  const Sha256Digest key = crypto::sha256({server_spki});
  return crypto::sha256({as_bytes(kDomain), zero, key.view(), as_bytes(alpn)});
}

seal::Key TicketDesk::key() const {
  seal::Key out;
  key_.expose([&](ByteView bytes) { out.fill([&](auto memory) { copy_bytes(bytes, memory); }); });
  return out;
}

Bytes TicketDesk::head_of(const Id& id, const KeptEvidence& evidence) const {
  const auto begins = static_cast<std::uint64_t>(evidence.accepted_at().unix_seconds);
  return std::move(Writer()
                       .u8(kVersion)
                       .bytes(id.view())
                       .bytes(evidence.digest().view())
                       .bytes(evidence.policy().sha256().view())
                       .bytes(hash_spki(evidence.peer_spki()).view())
                       .u8(static_cast<std::uint8_t>(Level::exporter))
                       .u64be(begins)
                       .u64be(begins + static_cast<std::uint64_t>(rules_.lifetime.count())))
      .take();
}

Result<Bytes> TicketDesk::seal(ByteView session, const AcceptedBefore& accepted,
                               const Sha256Digest& use) {
  if (session.size() > kMaxPlain - kHead)
    return Error(Reason::internal, "a session of TLS too long");
  Id id;
  crypto::random(id.mutable_view());
  const Bytes head = head_of(id, *accepted.evidence);
  Secret<kMaxPlain> plain;
  plain.fill([&](std::span<std::uint8_t, kMaxPlain> memory) {
    copy_bytes(head, memory.first(kHead));
    copy_bytes(session, memory.subspan(kHead, session.size()));
  });
  Bytes out = plain.expose([&](ByteView bytes) {
    return seal::seal(key(), bytes.first(kHead + session.size()), use.view());
  });
  remember(std::make_shared<Entry>(id, accepted));
  return out;
}

// The head is compared with what the entry says, all of it: two records must agree.
Result<TicketDesk::Opened> TicketDesk::open(ByteView ticket, const Sha256Digest& use,
                                            std::span<std::uint8_t> session) {
  Secret<kMaxPlain> plain;
  RATLS_TRY(const std::size_t size, plain.fill([&](std::span<std::uint8_t, kMaxPlain> memory) {
    return seal::open_into(key(), ticket, use.view(), memory, Reason::ticket_unknown);
  }));
  return plain.expose([&](ByteView bytes) -> Result<Opened> {
    if (size < kHead) return Error(Reason::ticket_unknown, "cut short");
    const ByteView head = bytes.first(kHead);
    const ByteView rest = bytes.subspan(kHead, size - kHead);
    const Id id = *Id::from(head.subspan(1, Id::kSize));
    auto entry = find(id);
    if (entry == nullptr) return Error(Reason::ticket_unknown, "used or forgotten");
    if (!equal_ct(head, head_of(id, *entry->accepted().evidence))) {
      return Error(Reason::ticket_unknown, "it says another thing than what is remembered");
    }
    if (left(entry->accepted()).count() <= 0)
      return Error(Reason::ticket_expired, "by this process");
    if (rest.size() > session.size()) return Error(Reason::ticket_unknown, "too long a session");
    copy_bytes(rest, session.first(rest.size()));
    return Opened{std::move(entry), rest.size()};
  });
}

// Two sessions may hold one entry by now; whoever changes the mark has it.
Result<void> TicketDesk::take(Entry& entry) {
  if (entry.used_.exchange(true)) return Error(Reason::ticket_used);
  if (left(entry.accepted()).count() <= 0) return Error(Reason::ticket_expired, "by this process");
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(entry.id_);
  if (found != by_id_.end()) forget(found->second);
  return {};
}

// Rounded up, so that a ticket which is good for less than a second is good.
std::chrono::seconds TicketDesk::left(const AcceptedBefore& accepted) const {
  return std::chrono::ceil<std::chrono::seconds>(rules_.lifetime - (Clock::now() - accepted.since));
}

std::shared_ptr<TicketDesk::Entry> TicketDesk::find(const Id& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : *found->second;
}

void TicketDesk::forget(Places::iterator place) {
  by_id_.erase((*place)->id_);
  places_.erase(place);
}

// Where memory runs out, both or neither know of it.
void TicketDesk::remember(std::shared_ptr<Entry> entry) {
  Places fresh;
  fresh.push_back(std::move(entry));
  const std::lock_guard lock(mutex_);
  while (!places_.empty() && left(places_.front()->accepted()).count() <= 0) {
    forget(places_.begin());
  }
  by_id_.emplace(fresh.front()->id_, fresh.begin());
  places_.splice(places_.end(), fresh);
  if (places_.size() > rules_.remembered) forget(places_.begin());
}

std::size_t TicketDesk::remembered() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

// What a session looked up before is marked, so that it opens nothing either.
void TicketDesk::forget_all() noexcept {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : places_) entry->used_ = true;
  by_id_.clear();
  places_.clear();
}

}  // namespace ratls::detail
