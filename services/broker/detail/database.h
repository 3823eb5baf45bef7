/// SQLite with Results. Private: nobody else includes its header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sqlite3.h>

#include <ratls/core/bytes.h>
#include <ratls/core/result.h>

namespace ratls::broker::detail {

/// One statement, prepared. Threads: its database's.
class Statement {
 public:
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// Parameters count from 1. What is bound must live until the last step().
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, ByteView blob);
  Statement& bind(int index, std::uint64_t number);
  /// True where a row is there, false at the end. Errors: those of Database.
  Result<bool> step();
  /// Columns count from 0.
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] Bytes blob(int column) const;
  [[nodiscard]] std::uint64_t number(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* handle) noexcept : handle_(handle) {}
  sqlite3_stmt* handle_;
};

/// One connection. Threads: one at a time.
/// Errors: store_busy (locked for 5 s), store_damaged, store_schema_unknown (no database), io_error
/// with SQLite's words (disk full, read-only, missing).
class Database {
 public:
  static Result<Database> open(const std::string& path, bool create);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  Database(Database&& other) noexcept;
  Database& operator=(Database&&) = delete;
  ~Database();

  Result<void> run(const char* sql);
  Result<Statement> prepare(const char* sql);
  /// The first column of the first row. Errors: store_damaged where there is none.
  Result<std::uint64_t> number(const char* sql);
  /// Rows that the last statement changed.
  [[nodiscard]] int changes() const noexcept;

 private:
  explicit Database(sqlite3* handle) noexcept : handle_(handle) {}
  sqlite3* handle_;
};

/// Undoes what was done since begin() unless commit() succeeded.
class Transaction {
 public:
  /// Takes the write lock at once, so that two writers never wait for each other.
  static Result<Transaction> begin(Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) noexcept : database_(&database) {}
  Database* database_;
};

}  // namespace ratls::broker::detail
