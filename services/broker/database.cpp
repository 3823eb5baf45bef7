#include <ratls/services/broker/detail/database.h>

#include <utility>

namespace ratls::broker::detail {

namespace {

constexpr int kPatience = 5000;  // ms that one writer waits for another

Error error_of(sqlite3* handle, int code) {
  const std::string said = sqlite3_errmsg(handle);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Reason::store_busy, said);
    case SQLITE_CORRUPT:
      return Error(Reason::store_damaged, said);
    case SQLITE_NOTADB:
      return Error(Reason::store_schema_unknown, said);
    default:
      return Error(Reason::io_error, said);
  }
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(handle_, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int index, ByteView blob) {
  sqlite3_bind_blob64(handle_, index, blob.data(), blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind(int index, std::uint64_t number) {
  sqlite3_bind_int64(handle_, index, static_cast<sqlite3_int64>(number));
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(handle_), code);
}

std::string Statement::text(int column) const {
  return to_string(blob(column));
}

Bytes Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  const ByteView view(bytes, bytes == nullptr ? 0 : size);
  return {view.begin(), view.end()};
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(handle_, column));
}

Result<Database> Database::open(const std::string& path, bool create) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                    (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database out(handle);
  if (handle == nullptr) return Error(Reason::io_error, "no memory for a database");
  if (code != SQLITE_OK) return error_of(handle, code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kPatience);
  // What the file says must not become a program: no views, triggers or functions of its own.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  RATLS_CHECK(out.run("PRAGMA journal_mode=WAL"));
  RATLS_CHECK(out.run("PRAGMA synchronous=FULL"));
  RATLS_CHECK(out.run("PRAGMA cell_size_check=ON"));
  return out;
}

Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

Result<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Result<void>() : error_of(handle_, code);
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql, -1, &statement, nullptr);
  if (code != SQLITE_OK) return error_of(handle_, code);
  return Statement(statement);
}

Result<std::uint64_t> Database::number(const char* sql) {
  RATLS_TRY(auto statement, prepare(sql));
  RATLS_TRY(const bool there, statement.step());
  if (!there) return Error(Reason::store_damaged, std::string("nothing comes of ") + sql);
  return statement.number(0);
}

int Database::changes() const noexcept {
  return sqlite3_changes(handle_);
}

Result<Transaction> Transaction::begin(Database& database) {
  RATLS_CHECK(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Where this fails, SQLite has rolled back by itself.
  if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK"));
}

Result<void> Transaction::commit() {
  RATLS_CHECK(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace ratls::broker::detail
