// Looks into every block of memory at the moment it is freed: none may still hold a private key.
#include <ratls/core/signing_key.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include <malloc.h>
#include <sodium.h>

#include "check.h"

using namespace ratls;

namespace {

// What the freed blocks held, while `recording`; fixed memory, since it is filled inside delete.
constexpr std::size_t kRoom = 1U << 20U;
std::array<std::uint8_t, kRoom> freed;
std::size_t freed_size = 0;
bool recording = false;

void record(const void* block) {
  const std::size_t size = malloc_usable_size(const_cast<void*>(block));
  if (size > kRoom - freed_size) std::abort();
  const ByteView content(static_cast<const std::uint8_t*>(block), size);
  copy_bytes(content, std::span(freed).subspan(freed_size, size));
  freed_size += size;
}

void release(void* block) {
  if (block != nullptr && recording) record(block);
  std::free(block);
}

void start() {
  freed_size = 0;
  recording = true;
}

void stop() {
  recording = false;
}

bool freed_holds(ByteView needle) {
  const auto end = freed.begin() + static_cast<std::ptrdiff_t>(freed_size);
  return std::search(freed.begin(), end, needle.begin(), needle.end()) != end;
}

// The private scalar of a SEC 1 PEM: bytes 7 to 38 of its DER (RFC 5915, 3).
Bytes scalar_of(const std::string& pem) {
  Bytes der(256);
  std::size_t size = 0;
  const std::string body = pem.substr(31, pem.find("-----END") - 31);
  REQUIRE(sodium_base642bin(der.data(), der.size(), body.data(), body.size(), "\n", &size, nullptr,
                            sodium_base64_VARIANT_ORIGINAL) == 0);
  REQUIRE(size == 121);
  return {der.begin() + 7, der.begin() + 39};
}

bool leaks(const std::string& pem) {
  // The scalar, its halves, and a stretch of the PEM that encodes only the scalar's bytes.
  const Bytes scalar = scalar_of(pem);
  return freed_holds(ByteView(scalar).first(16)) || freed_holds(ByteView(scalar).last(16)) ||
         freed_holds(as_bytes(pem).subspan(31 + 12, 32));
}

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) std::abort();
  return block;
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void operator delete(void* block) noexcept {
  release(block);
}
void operator delete[](void* block) noexcept {
  release(block);
}
void operator delete(void* block, std::size_t) noexcept {
  release(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  release(block);
}

TEST_CASE("the search finds what is freed unwiped") {
  const Bytes needle = test::counting(16, 77);
  start();
  { const Bytes copy = needle; }
  stop();
  CHECK(freed_holds(needle));
  start();
  stop();
  CHECK_FALSE(freed_holds(needle));
}

TEST_CASE("making a key for disk leaves no copy of it in freed memory") {
  for (int i = 0; i < 8; ++i) {
    start();
    const auto pem = SigningKey::generate_pem();
    stop();
    REQUIRE(pem);
    CHECK_FALSE(leaks(pem->expose([](ByteView bytes) { return to_string(bytes); })));
  }
}

TEST_CASE("reading a key from PEM leaves no copy of it in freed memory") {
  const auto pem = SigningKey::generate_pem();
  REQUIRE(pem);
  start();
  const auto key = SigningKey::import_pem(*pem);
  stop();
  REQUIRE(key);
  CHECK_FALSE(leaks(pem->expose([](ByteView bytes) { return to_string(bytes); })));
}
