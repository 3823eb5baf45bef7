#include <ratls/core/secret.h>

#include <csignal>
#include <new>
#include <type_traits>

#include "check.h"

using namespace ratls;

namespace {

template <class T>
concept comparable = requires(const T& a) { a == a; };

const Bytes kSecret = test::counting(32, 1);

Bytes shown(const auto& secret) {
  return secret.expose([](ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); });
}

void put(Secret<32>& secret, ByteView bytes) {
  secret.fill([&](std::span<std::uint8_t, 32> memory) { copy_bytes(bytes, memory); });
}

SecretBytes guarded(ByteView bytes) {
  auto secret = SecretBytes::copy_of(bytes);
  REQUIRE(secret);
  return std::move(secret).value();
}

// Volatile, so that the optimiser asks the memory and not its memory of it. The memory sanitizer
// is not asked: whose memory this was is gone on purpose.
#if defined(__clang__)
__attribute__((no_sanitize("memory")))
#endif
bool all_zero(const volatile std::uint8_t* memory, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (memory[i] != 0) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("wiping leaves zeros and bears emptiness") {
  Bytes memory = kSecret;
  wipe(memory);
  CHECK(is_zero(memory));
  wipe({});
}

TEST_CASE("a secret starts as zeros and holds what was filled in") {
  Secret<32> secret;
  CHECK(is_zero(shown(secret)));
  put(secret, kSecret);
  CHECK(shown(secret) == kSecret);
}

TEST_CASE("a secret that was moved away is wiped where it was") {
  Secret<32> source;
  put(source, kSecret);
  Secret<32> target(std::move(source));
  CHECK(shown(target) == kSecret);
  CHECK(is_zero(shown(source)));  // NOLINT(bugprone-use-after-move)
  Secret<32> third;
  third = std::move(target);
  CHECK(shown(third) == kSecret);
  CHECK(is_zero(shown(target)));  // NOLINT(bugprone-use-after-move)
}

TEST_CASE("a secret moved onto itself stays") {
  Secret<32> secret;
  put(secret, kSecret);
  Secret<32>& same = secret;
  secret = std::move(same);
  CHECK(shown(secret) == kSecret);
}

TEST_CASE("a secret's memory is zero after its destructor") {
  alignas(Secret<32>) std::array<std::uint8_t, sizeof(Secret<32>)> memory{};
  auto* secret = new (memory.data()) Secret<32>;
  put(*secret, kSecret);
  const volatile std::uint8_t* raw = memory.data();
  REQUIRE_FALSE(all_zero(raw, memory.size()));
  secret->~Secret();
  CHECK(all_zero(raw, memory.size()));
}

TEST_CASE("fill and expose hand on what their function returns") {
  Secret<4> secret;
  CHECK(secret.fill([](std::span<std::uint8_t, 4> memory) {
    memory[0] = 7;
    return 11;
  }) == 11);
  CHECK(secret.expose([](ByteView bytes) { return int{bytes[0]}; }) == 7);
}

TEST_CASE("secrets can be neither copied nor compared") {
  STATIC_CHECK_FALSE(std::is_copy_constructible_v<Secret<32>>);
  STATIC_CHECK_FALSE(std::is_copy_assignable_v<Secret<32>>);
  STATIC_CHECK_FALSE(std::is_copy_constructible_v<SecretBytes>);
  STATIC_CHECK_FALSE(std::is_copy_assignable_v<SecretBytes>);
  STATIC_CHECK_FALSE(comparable<Secret<32>>);
  STATIC_CHECK_FALSE(comparable<SecretBytes>);
  STATIC_CHECK(comparable<Bytes>);
}

TEST_CASE("guarded bytes hold a copy; the source stays the caller's to wipe") {
  Bytes source = kSecret;
  const SecretBytes secret = guarded(source);
  CHECK(secret.size() == 32);
  CHECK(shown(secret) == kSecret);
  CHECK(source == kSecret);
}

TEST_CASE("taking bytes wipes the memory that they came from") {
  Bytes source = kSecret;
  const volatile std::uint8_t* raw = source.data();
  auto secret = SecretBytes::take(std::move(source));
  REQUIRE(secret);
  CHECK(shown(*secret) == kSecret);
  CHECK(source.empty());             // NOLINT(bugprone-use-after-move)
  REQUIRE(source.capacity() >= 32);  // NOLINT(bugprone-use-after-move)
  CHECK(all_zero(raw, 32));
}

TEST_CASE("an empty secret is empty and takes no memory") {
  const SecretBytes none;
  CHECK(none.size() == 0);
  CHECK(shown(none).empty());
  CHECK(guarded({}).size() == 0);
  CHECK(SecretBytes::take({}).value().size() == 0);
}

TEST_CASE("guarded bytes that were moved away are empty") {
  SecretBytes source = guarded(kSecret);
  SecretBytes target(std::move(source));
  CHECK(shown(target) == kSecret);
  CHECK(source.size() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(shown(source).empty());
}

TEST_CASE("assigning over a guarded secret drops the old one at once, not later") {
  SecretBytes held = guarded(test::counting(16, 100));
  SecretBytes next = guarded(kSecret);
  held = std::move(next);
  CHECK(shown(held) == kSecret);
  CHECK(next.size() == 0);  // NOLINT(bugprone-use-after-move)
  CHECK(shown(next).empty());
}

TEST_CASE("guarded bytes moved onto themselves stay") {
  SecretBytes secret = guarded(kSecret);
  SecretBytes& same = secret;
  secret = std::move(same);
  CHECK(shown(secret) == kSecret);
}

TEST_CASE("reading one byte past guarded bytes kills the process") {
  for (const std::size_t size : {1U, 31U, 32U, 4096U}) {
    const SecretBytes secret = guarded(Bytes(size, 0x5A));
    const volatile std::uint8_t* raw = secret.expose([](ByteView bytes) { return bytes.data(); });
    CHECK(test::signal_of([&] { static_cast<void>(raw[size - 1]); }) == 0);
    CHECK(test::signal_of([&] { static_cast<void>(raw[size]); }) == SIGSEGV);
  }
}

TEST_CASE("writing to guarded bytes kills the process") {
  const SecretBytes secret = guarded(kSecret);
  const auto* raw = secret.expose([](ByteView bytes) { return bytes.data(); });
  auto* writable = const_cast<volatile std::uint8_t*>(raw);
  CHECK(test::signal_of([&] { writable[0] = 1; }) == SIGSEGV);
  CHECK(shown(secret) == kSecret);
}

TEST_CASE("guarded memory is gone after the destructor") {
  const volatile std::uint8_t* raw = nullptr;
  {
    const SecretBytes secret = guarded(kSecret);
    raw = secret.expose([](ByteView bytes) { return bytes.data(); });
  }
  CHECK(test::signal_of([&] { static_cast<void>(raw[0]); }) == SIGSEGV);
}

TEST_CASE("no guarded memory is an error") {
  // More than any address space has.
  const ByteView absurd(kSecret.data(), SIZE_MAX / 2);
  CHECK(test::refused(SecretBytes::copy_of(absurd), Reason::io_error));
}
