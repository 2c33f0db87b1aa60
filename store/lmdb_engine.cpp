// The engine over LMDB: one environment, a sub-database per space.
//
// Readers hold the gate; growing the map, or opening the environment anew after its root page could not be written, closes it for
// a moment.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "store/directory.h"
#include "store/gate.h"
#include "store/lmdb_access.h"

namespace store {

namespace {

using model::FailureKind;
using model::IssueCode;

constexpr std::array<const char*, space_count> space_names = {"meta",    "ids",   "documents", "segments",
                                                              "replies", "marks", "blobs",     "erased"};
constexpr unsigned max_readers = 512;
constexpr std::chrono::seconds reader_patience{10};  // for a reader slot

// LMDB writes its table of readers through a map of a file that it has only made long: on a full disk that would be a SIGBUS.
// What LMDB says of a file that cannot be opened for writing is left to it.
int allocate_reader_table(const std::string& directory) {
  constexpr off_t head = 192, slot = 64;
  const int file = open((directory + "/lock.mdb").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return errno == ENOSPC || errno == EDQUOT ? errno : 0;
  const int code = posix_fallocate(file, 0, head + slot * (max_readers - 1));
  close(file);
  return code == ENOSPC || code == EDQUOT || code == EFBIG ? code : 0;
}

model::Failure open_failure(const std::string& directory, int code) {
  if (code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED) {
    return model::failure(FailureKind::internal, IssueCode::exception,
                          "the files in " + directory + " are no LMDB store that this program can read: " + mdb_strerror(code));
  }
  return model::failure(code == ENOENT ? FailureKind::not_found : FailureKind::internal, IssueCode::exception,
                        "cannot open the store in " + directory + ": " + mdb_strerror(code));
}

// LMDB says EIO where the system took a part of what it was given, which is how a disk that fills up begins to say so.
bool is_full(const std::string& directory) {
  struct statvfs space {};
  constexpr std::uint64_t nothing_left = 1u << 20;
  return statvfs(directory.c_str(), &space) == 0 && std::uint64_t{space.f_bavail} * space.f_frsize < nothing_left;
}

model::Failure write_failure(const std::string& directory, int code) {
  if (code == EIO && is_full(directory)) code = ENOSPC;
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return model::failure(FailureKind::no_space, IssueCode::no_store, "the store's disk is full; nothing of this was written");
    case MDB_MAP_FULL:
      return model::failure(FailureKind::no_space, IssueCode::no_store,
                            "the store has reached its greatest size; nothing of this was written");
    default:
      return model::failure(FailureKind::internal, IssueCode::exception,
                            std::string("the store could not write: ") + mdb_strerror(code));
  }
}

class LmdbEngine final : public Engine {
 public:
  LmdbEngine(const LmdbOptions& options, DirectoryLock lock) : options_(options), lock_(std::move(lock)) {}
  ~LmdbEngine() override { close_environment(); }

  int open_environment();
  model::Result<void> open_spaces();

  std::unique_ptr<Snapshot> snapshot() const override;
  model::Result<void> write(const std::function<void(Transaction&)>& fn) override;
  model::Result<void> backup(const std::string& directory) const override;
  std::uint64_t size_bytes() const override;
  std::uint64_t foreign_readers() const override;
  std::string name() const override { return "LMDB in " + options_.directory; }

 private:
  class View;
  MDB_txn* begin_view() const;  // inside the gate
  void end_view(MDB_txn* txn) const;
  int attempt(const std::function<void(Transaction&)>& fn, std::size_t& id);
  std::size_t last_txn() const;
  bool grow(std::uint64_t at_least) const;
  bool revive();
  void close_environment() const;
  void adopt_size() const;

  const LmdbOptions options_;
  const DirectoryLock lock_;
  mutable MDB_env* env_ = nullptr;  // changed inside the closed gate only; null: it could not be opened again
  LmdbSpaces spaces_{};
  mutable Gate gate_;
  mutable std::mutex pool_mutex_;
  mutable std::vector<MDB_txn*> pool_;  // reset read transactions, each with its reader slot
  mutable std::mutex sizing_;           // one at a time closes the gate
  mutable std::mutex writing_;          // a write transaction may be open; taken before sizing_
  bool doubtful_ = false;               // the root page may differ on the device: sync before the next write
  std::size_t lost_ = 0;                // a transaction that was said to have failed, and may come to light
};

// A Snapshot: an LMDB read transaction from the pool.
class LmdbEngine::View final : public Snapshot {
 public:
  View(const LmdbEngine& engine, MDB_txn* txn) : engine_(engine), txn_(txn), access_(txn, engine.spaces_) {}
  ~View() override {
    engine_.end_view(txn_);
    engine_.gate_.leave();
  }
  std::optional<std::string_view> get(Space space, std::string_view key) const override { return access_.get(space, key); }
  std::unique_ptr<Cursor> cursor(Space space) const override { return access_.cursor(space); }

 private:
  const LmdbEngine& engine_;
  MDB_txn* txn_;
  LmdbAccess access_;
};

int LmdbEngine::open_environment() {
  struct stat status {};
  const std::string file = options_.directory + "/data.mdb";
  const std::uint64_t stored = stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  const std::uint64_t page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t wanted =
      std::max(stored, std::min(std::max(options_.initial_map_bytes, 2 * stored), options_.max_map_bytes));
  int code = allocate_reader_table(options_.directory);
  if (code == 0) code = mdb_env_create(&env_);
  if (code != 0) return code;
  mdb_env_set_maxreaders(env_, max_readers);
  mdb_env_set_maxdbs(env_, space_count);
  code = mdb_env_set_mapsize(env_, (wanted + page - 1) / page * page);
  const unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (options_.read_only ? MDB_RDONLY : 0u);
  if (code == 0) code = mdb_env_open(env_, options_.directory.c_str(), flags, 0600);
  MDB_envinfo info;
  MDB_stat root;
  if (code == 0) code = mdb_env_info(env_, &info);
  if (code == 0) code = mdb_env_stat(env_, &root);
  if (code == 0 && !options_.read_only) {
    // Of a file cut short, the missing pages read as zeros, which LMDB and the checksums notice; beyond the end of a file reading
    // is a SIGBUS.
    const std::uint64_t used = (info.me_last_pgno + 1) * root.ms_psize;
    if (stored != 0 && stored < used && truncate(file.c_str(), static_cast<off_t>(used)) != 0) code = errno;
  }
  if (code == 0) {
    int dead = 0;
    code = mdb_reader_check(env_, &dead);
  }
  if (code != 0) {
    mdb_env_close(env_);
    env_ = nullptr;
  }
  return code;
}

model::Result<void> LmdbEngine::open_spaces() {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, options_.read_only ? MDB_RDONLY : 0, &txn);
  if (code != 0) return open_failure(options_.directory, code);
  for (std::size_t i = 0; i < space_count && code == 0; ++i) {
    code = mdb_dbi_open(txn, space_names[i], options_.read_only ? 0 : MDB_CREATE, &spaces_[i]);
    if (code == MDB_NOTFOUND && i >= static_cast<std::size_t>(Space::replies)) {  // read only, and of a program before it
      spaces_[i] = absent_space;
      code = 0;
    }
  }
  if (code != 0) {
    mdb_txn_abort(txn);
    return open_failure(options_.directory, code == MDB_NOTFOUND ? MDB_INVALID : code);
  }
  code = mdb_txn_commit(txn);
  if (code != 0) return write_failure(options_.directory, code);
  return {};
}

MDB_txn* LmdbEngine::begin_view() const {
  const auto deadline = std::chrono::steady_clock::now() + reader_patience;
  for (;;) {
    MDB_txn* txn = nullptr;
    int code;
    {
      std::lock_guard lock(pool_mutex_);
      if (!pool_.empty()) {
        txn = pool_.back();
        pool_.pop_back();
      }
    }
    if (env_ == nullptr) throw EngineError("the store's files could not be opened again after a failed write");
    if (txn != nullptr) {
      code = mdb_txn_renew(txn);
      if (code != 0) mdb_txn_abort(txn);
    } else {
      code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
    }
    if (code == 0) return txn;
    // MAP_RESIZED: another process grew the file. PANIC: the writer is about to open the environment anew. Neither while we are
    // inside the gate.
    if (code != MDB_READERS_FULL && code != MDB_MAP_RESIZED && code != MDB_PANIC) throw LmdbError("mdb_txn_begin", code);
    if (std::chrono::steady_clock::now() > deadline) throw LmdbError("mdb_txn_begin", code);
    gate_.leave();
    if (code == MDB_MAP_RESIZED) {
      adopt_size();
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    gate_.enter();
  }
}

void LmdbEngine::end_view(MDB_txn* txn) const {
  mdb_txn_reset(txn);
  std::lock_guard lock(pool_mutex_);
  pool_.push_back(txn);
}

std::unique_ptr<Snapshot> LmdbEngine::snapshot() const {
  gate_.enter();
  try {
    return std::make_unique<View>(*this, begin_view());
  } catch (...) {
    gate_.leave();
    throw;
  }
}

// One run of fn; `id` is the transaction's, 0 if it did not begin.
int LmdbEngine::attempt(const std::function<void(Transaction&)>& fn, std::size_t& id) {
  id = 0;
  if (env_ == nullptr) return MDB_PANIC;
  if (doubtful_) {
    if (const int code = mdb_env_sync(env_, 1)) return code;
    doubtful_ = false;
  }
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn)) return code;
  id = mdb_txn_id(txn);
  try {
    LmdbAccess access(txn, spaces_);
    fn(access);
  } catch (const LmdbError& error) {
    mdb_txn_abort(txn);
    return error.code();
  } catch (...) {
    mdb_txn_abort(txn);
    throw;
  }
  return mdb_txn_commit(txn);
}

model::Result<void> LmdbEngine::write(const std::function<void(Transaction&)>& fn) {
  std::lock_guard lock(writing_);
  if (options_.read_only) {
    return model::failure(FailureKind::internal, IssueCode::exception,
                          "the store in " + options_.directory + " was opened for reading only");
  }
  for (bool revived = false;;) {
    if (lost_ != 0 && env_ != nullptr && last_txn() >= lost_) {
      return model::failure(
          FailureKind::unavailable, IssueCode::exception,
          "after a failed write it is not certain what the store's device holds; nothing more is written until a restart");
    }
    std::size_t id;
    const int code = attempt(fn, id);
    if (code == 0) return {};
    if (code == MDB_MAP_FULL && grow(0)) continue;
    if (code == MDB_PANIC && id == 0 && !std::exchange(revived, true) && revive()) continue;
    // The root page may have been written although that failed: then the commit stands, if the device now says so too.
    const bool open = revive();
    if (id != 0 && (!open || last_txn() >= id)) {
      if (open && mdb_env_sync(env_, 1) == 0) {
        doubtful_ = false;
        return {};
      }
      lost_ = id;
    }
    return write_failure(options_.directory, code);
  }
}

std::size_t LmdbEngine::last_txn() const {
  MDB_envinfo info;
  return mdb_env_info(env_, &info) == 0 ? info.me_last_txnid : 0;
}

// Doubles the map, or more, up to the limit; the caller holds writing_ and has no transaction open. False: it cannot grow.
bool LmdbEngine::grow(std::uint64_t at_least) const {
  std::lock_guard lock(sizing_);
  MDB_envinfo info;
  if (env_ == nullptr || mdb_env_info(env_, &info) != 0) return false;
  std::uint64_t size = std::min(std::max<std::uint64_t>(2 * info.me_mapsize, at_least), options_.max_map_bytes);
  size -= size % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (size <= info.me_mapsize) return false;
  // LMDB unmaps before it maps: find out first whether there is room for the new map.
  void* place = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return false;
  munmap(place, size);
  int code = 0;
  gate_.close_while([&] {
    code = mdb_env_set_mapsize(env_, size);
    if (code != 0 && mdb_env_set_mapsize(env_, info.me_mapsize) != 0) close_environment();
  });
  return code == 0;
}

void LmdbEngine::adopt_size() const {
  std::lock_guard lock(sizing_);
  gate_.close_while([&] {
    if (env_ != nullptr && mdb_env_set_mapsize(env_, 0) != 0) close_environment();
  });
}

// After a failed write of its root page LMDB refuses everything, reads included, until opened anew. LMDB has put the old root
// page back, but perhaps not on the device: the next write syncs it first.
bool LmdbEngine::revive() {
  std::lock_guard lock(sizing_);
  if (env_ != nullptr) {
    MDB_txn* txn = nullptr;
    const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
    if (code == 0) mdb_txn_abort(txn);
    if (code != MDB_PANIC) return true;
  }
  gate_.close_while([this] {
    close_environment();
    doubtful_ = true;
    if (open_environment() == 0 && !open_spaces()) close_environment();
  });
  return env_ != nullptr;
}

void LmdbEngine::close_environment() const {
  for (MDB_txn* txn : pool_) mdb_txn_abort(txn);
  pool_.clear();
  if (env_ != nullptr) mdb_env_close(env_);
  env_ = nullptr;
}

std::uint64_t LmdbEngine::size_bytes() const {
  struct stat status {};
  const std::string file = options_.directory + "/data.mdb";
  return stat(file.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t LmdbEngine::foreign_readers() const {
  struct Count {
    long own = getpid();
    std::uint64_t others = 0;
  } count;
  // A line per slot: process, thread, transaction ("-" between two).
  const auto line = [](const char* text, void* context) {
    auto& counted = *static_cast<Count*>(context);
    char* end = nullptr;
    const long process = std::strtol(text, &end, 10);
    if (end != text && process != counted.own && process != 0) ++counted.others;
    return 0;
  };
  gate_.enter();
  if (env_ != nullptr) mdb_reader_list(env_, line, &count);
  gate_.leave();
  return count.others;
}

model::Result<void> LmdbEngine::backup(const std::string& directory) const {
  const auto failed = [&](int code) {
    return model::failure(code == ENOSPC || code == EDQUOT ? FailureKind::no_space : FailureKind::internal, IssueCode::exception,
                          "cannot copy the store to " + directory + ": " + mdb_strerror(code));
  };
  if (auto made = make_directory(directory); !made) return made;
  const std::string file = directory + "/data.mdb", partial = file + ".partial";
  struct stat status {};
  if (stat(file.c_str(), &status) == 0) {
    return model::failure(FailureKind::conflict, IssueCode::duplicate, "there is a store in " + directory + " already");
  }
  const int out = open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) return failed(errno);
  // The copy holds a snapshot to its end, and the map cannot grow meanwhile: make room for what is written beside it.
  MDB_envinfo info;
  gate_.enter();
  int code = env_ == nullptr ? MDB_PANIC : mdb_env_info(env_, &info);
  gate_.leave();
  const std::uint64_t used = size_bytes();
  const std::uint64_t room = 2 * used + (std::uint64_t{1} << 30);
  if (code == 0 && info.me_mapsize < room && !options_.read_only) {
    const std::lock_guard lock(writing_);  // the map cannot change under a write transaction
    grow(room);
  }
  if (code == 0) {
    gate_.enter();
    code = env_ == nullptr ? MDB_PANIC : mdb_env_copyfd2(env_, out, MDB_CP_COMPACT);
    gate_.leave();
  }
  if (code == 0 && fsync(out) != 0) code = errno;
  if (close(out) != 0 && code == 0) code = errno;
  if (code == 0 && rename(partial.c_str(), file.c_str()) != 0) code = errno;
  if (code == 0 && !sync_directory(directory)) code = errno;
  if (code != 0) {
    unlink(partial.c_str());
    return failed(code);
  }
  return {};
}

}  // namespace

model::Result<std::unique_ptr<Engine>> open_lmdb(const LmdbOptions& options) {
  DirectoryLock lock;
  if (!options.read_only) {
    if (auto made = make_directory(options.directory); !made) return made.error();
    auto taken = DirectoryLock::take(options.directory);
    if (!taken) return taken.error();
    lock = std::move(*taken);
    remove_compaction(options.directory);
  }
  auto engine = std::make_unique<LmdbEngine>(options, std::move(lock));
  if (const int code = engine->open_environment()) return open_failure(options.directory, code);
  if (auto opened = engine->open_spaces(); !opened) return opened.error();
  if (!options.read_only && !sync_directory(options.directory)) return open_failure(options.directory, errno);
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace store
