// Reading and writing within one LMDB transaction that somebody else begins and ends. Internal to the LMDB engine.
#pragma once

#include <lmdb.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/engine.h"

namespace store {

// A call into LMDB that failed, with its code: LMDB's own (negative) or errno's.
class LmdbError : public EngineError {
 public:
  LmdbError(const char* call, int code) : EngineError(std::string(call) + ": " + mdb_strerror(code)), code_(code) {}
  int code() const { return code_; }

 private:
  int code_;
};

using LmdbSpaces = std::array<MDB_dbi, space_count>;
inline constexpr MDB_dbi absent_space = ~MDB_dbi{0};  // reads as empty

// A Transaction over `txn`; of a read-only one, the Snapshot half.
class LmdbAccess : public Transaction {
 public:
  LmdbAccess(MDB_txn* txn, const LmdbSpaces& spaces) : txn_(txn), spaces_(spaces) {}
  std::optional<std::string_view> get(Space space, std::string_view key) const final;
  std::unique_ptr<Cursor> cursor(Space space) const final;
  void put(Space space, std::string_view key, std::string_view value) final { put_with(0, space, key, value); }
  void append(Space space, std::string_view key, std::string_view value) final { put_with(MDB_APPEND, space, key, value); }
  bool erase(Space space, std::string_view key) final;

 protected:
  MDB_txn* txn() const { return txn_; }

 private:
  MDB_dbi dbi(Space space) const { return spaces_[static_cast<std::size_t>(space)]; }
  void put_with(unsigned flags, Space space, std::string_view key, std::string_view value);

  MDB_txn* txn_;
  const LmdbSpaces& spaces_;
  std::uint64_t changes_ = 0;  // by which cursors know that their position is gone
  friend class LmdbCursor;
};

}  // namespace store
