// The directory of segment files: written, mapped, swept; and the manifest that names them.
//
// A file is written under a name ending in `.new`, synced, renamed, and its directory synced, before any manifest names it. One
// writer at a time per file; the rest is for any thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "search/segment_run.h"

namespace search {

// What the manifest says: a text of lines, kept by the store under manifest_name.
inline constexpr std::string_view manifest_name = "search.segments";
struct Manifest {
  struct File {
    store::Document base = 0;
    std::uint32_t size = 0;
    std::uint32_t identity = 0;  // Run::identity
    std::string name;
  };
  std::uint64_t fingerprint = 0;  // Keys::fingerprint: of what made the terms
  std::vector<File> files;        // oldest first

  std::string text() const;
  static bool parse(std::string_view text, Manifest& out);  // false: none of this format
};

// Files that no view holds any more, to be removed by the file lane: who lets go of a view last may be the writer or a reader,
// and neither should wait for a file system. Any thread.
class Removals {
 public:
  void add(const std::string& path);  // once close() was called: removes it at once
  void run();                         // removes what was added
  void close();                       // run(), the last one

 private:
  std::mutex mutex_;
  std::vector<std::string> paths_;
  bool closed_ = false;
};

class SegmentFiles {
 public:
  explicit SegmentFiles(std::string directory) : directory_(std::move(directory)) {}
  ~SegmentFiles() { removals_->close(); }
  SegmentFiles(const SegmentFiles&) = delete;
  SegmentFiles& operator=(const SegmentFiles&) = delete;
  // Makes the directory if it is missing.
  model::Result<void> prepare() const;

  // Merges adjacent runs (or copies one) into a new file and maps it. Null if `stop` was set. Failure: no_space, or internal: an
  // I/O error. Throws std::runtime_error where a source is damaged.
  model::Result<std::shared_ptr<const Run>> write(std::span<const std::shared_ptr<const Run>> sources, const Keys& keys,
                                                  const std::atomic<bool>& stop) const;
  // Maps a file that the manifest names. Null, with the reason, where it is missing, damaged, or another one.
  std::shared_ptr<const Run> open(const Manifest::File& file, const Keys& keys, std::string& fault) const;
  // Removes the files of ours (.segment, .new) that are not among `kept`.
  void sweep(std::span<const std::string> kept) const;

  static Manifest::File row(const Run& run);
  Removals& removals() const { return *removals_; }

 private:
  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string directory_;
  std::shared_ptr<Removals> removals_ = std::make_shared<Removals>();  // shared with the mapped files
};

}  // namespace search
