#include <ratls/core/crypto.h>
#include <ratls/verify/collateral/detail/store_state.h>

namespace ratls::detail {

namespace {

constexpr int kAttempts = 2;

CollateralProblem problem_of(const Error& error, const std::string& file) {
  return {file, error.detail()};
}

Loaded damaged(std::string file, std::string what) {
  return {nullptr, CollateralProblem{std::move(file), std::move(what)}};
}

Loaded load_object(const FileHandle& root, const Sha256Digest& digest) {
  const std::string file = std::string(kObjects) + "/" + digest.hex();
  const auto objects = open_subfolder(root, kObjects);
  if (!objects) return {nullptr, problem_of(objects.error(), kObjects)};
  if (!*objects) return damaged(file, "is missing");
  auto content = read_file(**objects, digest.hex(), kMaxCollateralSize);
  if (!content) return {nullptr, problem_of(content.error(), file)};
  if (!*content) return damaged(file, "is missing");
  if (crypto::sha256({**content}) != digest) {
    return damaged(file, "is damaged: its contents do not have the digest that it is named after");
  }
  return {std::make_shared<const Bytes>(*std::move(*content)), std::nullopt};
}

/// The digest in an entry; nothing where there is no entry.
struct Read {
  std::optional<Sha256Digest> digest;
  std::optional<CollateralProblem> problem;
};

Read read_entry(const FileHandle& root, const Entry& entry) {
  const auto folder = open_subfolder(root, entry.folder);
  if (!folder) return {std::nullopt, problem_of(folder.error(), entry.folder)};
  if (!*folder) return {};
  const auto text = read_file(**folder, entry.name, kMaxEntrySize);
  if (!text) return {std::nullopt, problem_of(text.error(), entry.path())};
  if (!*text) return {};
  auto digest = parse_entry(**text);
  if (digest) return {digest, std::nullopt};
  return {std::nullopt, CollateralProblem{entry.path(), "is damaged: it holds no digest"}};
}

}  // namespace

Loaded load(const FileHandle& root, const Entry& entry, BoundedCache<Bytes>* cache) {
  Loaded out;
  // Between the two reads a writer may replace the entry and sweep the object away.
  for (int attempt = 0; attempt < kAttempts && out.der == nullptr; ++attempt) {
    const Read read = read_entry(root, entry);
    if (!read.digest) return {nullptr, read.problem};
    if (cache != nullptr) out.der = cache->find(*read.digest);
    if (out.der != nullptr) break;
    out = load_object(root, *read.digest);
    if (cache != nullptr && out.der != nullptr) cache->insert(*read.digest, out.der);
  }
  return out;
}

}  // namespace ratls::detail
