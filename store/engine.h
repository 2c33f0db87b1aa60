// Engine: ordered key-value spaces under serializable transactions: one writer, many readers.
//
// The only thing the store asks of a database, so that LMDB serves today and another tomorrow. LmdbEngine and MemoryEngine
// implement it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace store {

// The key spaces; store/README.md has each one's key and value.
enum class Space : std::uint8_t { meta, ids, documents, segments, replies, marks, blobs, erased };
inline constexpr std::size_t space_count = 8;

// A forward and backward walk over one space, keys in byte order. Views live until the cursor moves or its snapshot ends; the
// cursor itself ends before its snapshot. Without a position (at first, or after any of these returned false) next() and
// previous() return false. A put or erase in its transaction takes the position away.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool seek(std::string_view key) = 0;  // to the first key >= key; false if there is none
  virtual bool last() = 0;                      // to the greatest key
  virtual bool next() = 0;
  virtual bool previous() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

// A read-only view at one commit. Bytes it returns live until it is destroyed: copy what must outlive it.
// One thread at a time. Never alive while a socket is awaited. Reading throws EngineError if the files are damaged.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual std::optional<std::string_view> get(Space space, std::string_view key) const = 0;
  virtual std::unique_ptr<Cursor> cursor(Space space) const = 0;
};

// A write transaction: reads see its own writes; views live until the next put or erase. Whatever it throws goes through
// `write`'s fn to the engine.
class Transaction : public Snapshot {
 public:
  virtual void put(Space space, std::string_view key, std::string_view value) = 0;     // keys: 1 to 511 bytes
  virtual void append(Space space, std::string_view key, std::string_view value) = 0;  // key greater than all others of the space
  virtual bool erase(Space space, std::string_view key) = 0;                           // false: there was none
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::unique_ptr<Snapshot> snapshot() const = 0;
  // Runs `fn` in a transaction and commits it durably (fsynced) before returning. `fn` may be run again (the map grew) and must
  // have no effect outside its transaction. On failure nothing of it remains: no_space (disk or map full), internal (an I/O
  // error); reads go on, and later writes succeed when the cause is gone. What fn itself throws is passed on, the transaction
  // undone. One caller at a time, and not while the calling thread holds a snapshot: growing the map waits for all of this
  // process to end.
  virtual model::Result<void> write(const std::function<void(Transaction&)>& fn) = 0;
  // Copies a consistent state to `directory`, an LMDB store of its own, while reads and writes go on. Fails if one is there.
  virtual model::Result<void> backup(const std::string& directory) const = 0;
  virtual std::uint64_t size_bytes() const = 0;
  // How many processes beside this one hold a snapshot at the moment.
  virtual std::uint64_t foreign_readers() const { return 0; }
  virtual std::string name() const = 0;  // for messages: "LMDB in /var/lib/kiln"
};

// The files or their device do not give what they should: damage, or an I/O error. Not the doing of any request.
class EngineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LmdbOptions {
  std::string directory;
  std::uint64_t initial_map_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_map_bytes = std::uint64_t{1} << 42;
  // Reads a store beside the process that serves it (backup, check): takes no lock, makes no file, and every write fails.
  bool read_only = false;
};
// Makes the directory and its files if absent, readable by their owner only. Fails with a clear issue if another process (or this
// one) holds the store (a lock file), or the files are no LMDB store.
model::Result<std::unique_ptr<Engine>> open_lmdb(const LmdbOptions& options);
std::unique_ptr<Engine> make_memory_engine();

}  // namespace store
