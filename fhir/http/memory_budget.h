// MemoryBudget: what requests or answers larger than a little may take of memory, of all clients together. MemoryShare: a
// connection's part of it.
//
// A client has at most half, so that others have room too; but who is the only one to have any always has room. Thread-safe; a
// share belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace http {

// Bytes of memory that this machine, or the control group that we run in, has. Linux.
std::uint64_t machine_memory();

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes) : limit_(bytes) {}
  std::uint64_t limit() const { return limit_; }

 private:
  friend class MemoryShare;
  // `client` empty: of nobody in particular. False: there is no room, and nothing has changed; never if `anyway`.
  bool change(const std::string& client, std::uint64_t from, std::uint64_t to, bool anyway);

  const std::uint64_t limit_;
  std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::unordered_map<std::string, std::uint64_t> clients_;  // those that have some
};

class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryShare() { resize(0); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

  // Whose it is; to be said before anything is taken.
  void belongs_to(std::string client) { client_ = std::move(client); }
  std::uint64_t size() const { return bytes_; }
  // Takes or gives back what `bytes` differ from what it has; up to a little is free. False: there is no room, and it has what it
  // had. To have less never fails, nor does what is taken `anyway`.
  bool resize(std::uint64_t bytes, bool anyway = false) {
    if (bytes <= little) bytes = 0;
    if (bytes == bytes_) return true;
    if (!budget_.change(client_, bytes_, bytes, anyway)) return false;
    bytes_ = bytes;
    return true;
  }

 private:
  static constexpr std::uint64_t little = 64u << 10;  // the number of connections has its own limit
  MemoryBudget& budget_;
  std::string client_;
  std::uint64_t bytes_ = 0;
};

}  // namespace http
