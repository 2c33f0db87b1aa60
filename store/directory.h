// The store's directory: made durably, and held by one process.
#pragma once

#include <string>
#include <utility>

#include "resources-gen/model/result.h"

namespace store {

// Makes the directory and its parents if absent (readable by the owner only), each fsynced into its parent.
model::Result<void> make_directory(const std::string& directory);
// Fsyncs the directory itself, so that files made in it survive a power cut. False: errno says why.
bool sync_directory(const std::string& directory);

// Where a compaction writes, below the store's directory; removed by whoever opens the store next if it was killed.
inline constexpr const char* compaction_folder = "compact";
void remove_compaction(const std::string& directory);

// An exclusive flock on DIRECTORY/kiln.lock, which holds the owner's process number for messages. Ends with the object or the
// process.
class DirectoryLock {
 public:
  // Fails with a message that names the directory (and the process, if known) when another holds it.
  static model::Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock() = default;
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace store
