#include "store/lmdb_access.h"

namespace store {

namespace {

MDB_val to_val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view to_view(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

}  // namespace

class LmdbCursor final : public Cursor {
 public:
  LmdbCursor(const LmdbAccess& access, Space space) : access_(access), changes_(access.changes_) {
    if (access.dbi(space) == absent_space) return;
    if (const int code = mdb_cursor_open(access.txn(), access.dbi(space), &cursor_)) throw LmdbError("mdb_cursor_open", code);
  }
  ~LmdbCursor() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
  }
  LmdbCursor(const LmdbCursor&) = delete;
  LmdbCursor& operator=(const LmdbCursor&) = delete;

  bool seek(std::string_view key) override {
    if (key.empty()) return move(MDB_FIRST);
    key_ = to_val(key);
    return move(MDB_SET_RANGE);
  }
  bool last() override { return move(MDB_LAST); }
  bool next() override { return positioned() && move(MDB_NEXT); }
  bool previous() override { return positioned() && move(MDB_PREV); }
  std::string_view key() const override { return to_view(key_); }
  std::string_view value() const override { return to_view(value_); }

 private:
  bool positioned() const { return positioned_ && changes_ == access_.changes_; }
  bool move(MDB_cursor_op operation) {
    if (cursor_ == nullptr) return false;
    const int code = mdb_cursor_get(cursor_, &key_, &value_, operation);
    changes_ = access_.changes_;
    positioned_ = code == 0;
    if (code != 0 && code != MDB_NOTFOUND) throw LmdbError("mdb_cursor_get", code);
    return positioned_;
  }

  const LmdbAccess& access_;
  MDB_cursor* cursor_ = nullptr;
  MDB_val key_{0, nullptr};
  MDB_val value_{0, nullptr};
  std::uint64_t changes_;
  bool positioned_ = false;
};

std::optional<std::string_view> LmdbAccess::get(Space space, std::string_view key) const {
  if (dbi(space) == absent_space) return std::nullopt;
  MDB_val key_val = to_val(key), value;
  const int code = mdb_get(txn_, dbi(space), &key_val, &value);
  if (code == 0) return to_view(value);
  if (code == MDB_NOTFOUND) return std::nullopt;
  throw LmdbError("mdb_get", code);
}

std::unique_ptr<Cursor> LmdbAccess::cursor(Space space) const { return std::make_unique<LmdbCursor>(*this, space); }

void LmdbAccess::put_with(unsigned flags, Space space, std::string_view key, std::string_view value) {
  MDB_val key_val = to_val(key), value_val = to_val(value);
  ++changes_;
  if (const int code = mdb_put(txn_, dbi(space), &key_val, &value_val, flags)) throw LmdbError("mdb_put", code);
}

bool LmdbAccess::erase(Space space, std::string_view key) {
  MDB_val key_val = to_val(key);
  ++changes_;
  const int code = mdb_del(txn_, dbi(space), &key_val, nullptr);
  if (code == 0) return true;
  if (code == MDB_NOTFOUND) return false;
  throw LmdbError("mdb_del", code);
}

}  // namespace store
