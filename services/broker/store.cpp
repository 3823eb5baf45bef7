#include <ratls/services/broker/store.h>

#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>

#include <ratls/core/crypto.h>
#include <ratls/services/broker/detail/database.h>
#include <ratls/tcp.h>

namespace ratls::broker {

namespace {

using detail::Database;
using detail::Statement;
using detail::Transaction;

constexpr std::uint64_t kApplicationId = 0x7261746c;  // "ratl", PRAGMA application_id
constexpr std::uint64_t kSchema = 1;                  // PRAGMA user_version
constexpr std::string_view kProbe = "ratls store";

constexpr const char* kCreate =
    "CREATE TABLE store(one INTEGER PRIMARY KEY CHECK(one = 1), id BLOB NOT NULL,"
    " probe BLOB NOT NULL, last_version INTEGER NOT NULL) STRICT;"
    "CREATE TABLE secret(resource TEXT PRIMARY KEY, version INTEGER NOT NULL,"
    " stored INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "PRAGMA application_id=1918989420; PRAGMA user_version=1;";
static_assert(kApplicationId == 1918989420 && kSchema == 1);

void append_number(Bytes& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

// What a seal is about. Every part has a length in front, so that no two meanings share bytes.
Bytes associated(ByteView store, std::string_view resource, std::uint64_t version,
                 std::uint64_t stored) {
  Bytes out;
  append(out, as_bytes("ratls.store/1"));
  append_number(out, store.size());
  append(out, store);
  append_number(out, resource.size());
  append(out, as_bytes(resource));
  append_number(out, version);
  append_number(out, stored);
  return out;
}

// SQLite would make the file with the process's usual mode.
Result<void> make_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() >= 0) return {};
  return Error(Reason::io_error, path + ": " + std::generic_category().message(errno));
}

Result<void> check_private(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int number = errno;
    if (number == ENOENT) {
      return Error(Reason::io_error, path + ": no such store; ratls secret put makes one");
    }
    return Error(Reason::io_error, path + ": " + std::generic_category().message(number));
  }
  if ((status.st_mode & 077U) == 0) return {};
  return Error(Reason::invalid_config, path + ": others may use this store; chmod 600 it");
}

}  // namespace

class SecretStore::Impl {
 public:
  Impl(Database database, seal::Key key) : database_(std::move(database)), key_(std::move(key)) {}

  Result<void> prepare(bool create) {
    RATLS_TRY(auto transaction, Transaction::begin(database_));
    RATLS_TRY(const auto tables, database_.number("SELECT count(*) FROM sqlite_schema"));
    if (tables == 0 && create) RATLS_CHECK(begin_store());
    if (tables == 0 && !create) {
      return Error(Reason::store_schema_unknown,
                   "an empty file and no store; ratls secret put makes one of it");
    }
    RATLS_CHECK(check_schema());
    RATLS_CHECK(check_key());
    return transaction.commit();
  }

  Result<std::uint64_t> put(const Resource& resource, const SecretBytes& value, Timestamp now) {
    if (value.size() == 0 || value.size() > kMaxValue) {
      return Error(Reason::invalid_config, "a value has 1 to 65536 bytes");
    }
    const std::string uri = resource.uri();
    const auto stored = static_cast<std::uint64_t>(now.unix_seconds);
    RATLS_TRY(auto transaction, Transaction::begin(database_));
    RATLS_CHECK(database_.run("UPDATE store SET last_version = last_version + 1"));
    RATLS_TRY(const auto version, database_.number("SELECT last_version FROM store"));
    const Bytes sealed = seal::seal(key_, value, associated(id_, uri, version, stored));
    RATLS_TRY(auto insert, database_.prepare("INSERT OR REPLACE INTO secret VALUES(?,?,?,?)"));
    insert.bind(1, uri).bind(2, version).bind(3, stored).bind(4, ByteView(sealed));
    RATLS_CHECK(run(insert));
    RATLS_CHECK(transaction.commit());
    return version;
  }

  Result<std::optional<StoredSecret>> get(const Resource& resource) {
    const std::string uri = resource.uri();
    RATLS_TRY(auto select,
              database_.prepare("SELECT version, stored, sealed FROM secret WHERE resource = ?"));
    select.bind(1, uri);
    RATLS_TRY(const bool there, select.step());
    if (!there) return std::optional<StoredSecret>();
    RATLS_TRY(auto value, open_row(uri, select, 0));
    return std::optional(StoredSecret{std::move(value), select.number(0)});
  }

  Result<std::vector<StoredEntry>> list() {
    RATLS_TRY(auto select,
              database_.prepare("SELECT version, stored, sealed, resource FROM secret ORDER BY 4"));
    std::vector<StoredEntry> out;
    while (true) {
      RATLS_TRY(const bool there, select.step());
      if (!there) return out;
      const std::string uri = select.text(3);
      RATLS_TRY(const auto value, open_row(uri, select, 0));
      const Timestamp stored{static_cast<std::int64_t>(select.number(1))};
      out.push_back({uri, select.number(0), value.size(), stored});
    }
  }

  Result<bool> remove(const Resource& resource) {
    const std::string uri = resource.uri();
    RATLS_TRY(auto transaction, Transaction::begin(database_));
    RATLS_TRY(auto statement, database_.prepare("DELETE FROM secret WHERE resource = ?"));
    statement.bind(1, uri);
    RATLS_CHECK(run(statement));
    const bool removed = database_.changes() > 0;
    RATLS_CHECK(transaction.commit());
    return removed;
  }

 private:
  static Result<void> run(Statement& statement) {
    RATLS_TRY(const bool row, statement.step());
    static_cast<void>(row);
    return {};
  }

  Result<SecretBytes> open_row(const std::string& uri, const Statement& row, int first) {
    const Bytes about = associated(id_, uri, row.number(first), row.number(first + 1));
    auto value = seal::open(key_, row.blob(first + 2), about, Reason::store_damaged);
    if (value || value.error().reason() != Reason::store_damaged) return value;
    return Error(Reason::store_damaged, uri);
  }

  Result<void> begin_store() {
    Bytes id(16);
    crypto::random(id);
    RATLS_CHECK(database_.run(kCreate));
    RATLS_TRY(const auto probe, SecretBytes::copy_of(as_bytes(kProbe)));
    const Bytes sealed = seal::seal(key_, probe, associated(id, "", 0, 0));
    RATLS_TRY(auto insert, database_.prepare("INSERT INTO store VALUES(1,?,?,0)"));
    insert.bind(1, ByteView(id)).bind(2, ByteView(sealed));
    return run(insert);
  }

  Result<void> check_schema() {
    RATLS_TRY(const auto application, database_.number("PRAGMA application_id"));
    RATLS_TRY(const auto schema, database_.number("PRAGMA user_version"));
    if (application != kApplicationId) {
      return Error(Reason::store_schema_unknown, "another program's database");
    }
    if (schema != kSchema) {
      return Error(Reason::store_schema_unknown,
                   "schema " + std::to_string(schema) + ", and this release knows 1");
    }
    return {};
  }

  Result<void> check_key() {
    RATLS_TRY(auto select, database_.prepare("SELECT id, probe FROM store"));
    RATLS_TRY(const bool there, select.step());
    if (!there) return Error(Reason::store_damaged, "the store's own row is gone");
    id_ = select.blob(0);
    RATLS_TRY(const auto probe, seal::open(key_, select.blob(1), associated(id_, "", 0, 0),
                                           Reason::store_key_mismatch));
    static_cast<void>(probe);
    return {};
  }

  Database database_;
  seal::Key key_;
  Bytes id_;  ///< of this store
};

SecretStore::SecretStore(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SecretStore::SecretStore(SecretStore&&) noexcept = default;
SecretStore& SecretStore::operator=(SecretStore&&) noexcept = default;
SecretStore::~SecretStore() = default;

Result<SecretStore> SecretStore::open(const std::string& path, seal::Key key, bool create) {
  if (create) RATLS_CHECK(make_file(path));
  RATLS_CHECK(check_private(path));
  RATLS_TRY(auto database, Database::open(path, false));
  auto impl = std::make_unique<Impl>(std::move(database), std::move(key));
  RATLS_CHECK(impl->prepare(create));
  return SecretStore(std::move(impl));
}

Result<std::uint64_t> SecretStore::put(const Resource& resource, const SecretBytes& value,
                                       Timestamp now) {
  return impl_->put(resource, value, now);
}

Result<std::optional<StoredSecret>> SecretStore::get(const Resource& resource) {
  return impl_->get(resource);
}

Result<std::vector<StoredEntry>> SecretStore::list() {
  return impl_->list();
}

Result<bool> SecretStore::remove(const Resource& resource) {
  return impl_->remove(resource);
}

}  // namespace ratls::broker
