// ImportJournal: which chunks of which files are in, so that an interrupted import goes on without doubling anything.
// Thread-safe.
//
// A text file: `stamp MILLISECONDS` (made ids begin with it), `file N PATH`, `done N CHUNK`. A line is written after the chunk's
// answer; chunks without one are probed entry by entry when the import goes on, so a lost line costs time only.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "resources-gen/model/result.h"

namespace commands {

class ImportJournal {
 public:
  // `target` is where resources go: the data directory or the server. `resume` false: begins anew. Fails, and leaves the journal
  // as it is, if one to be resumed is of another target or was written by an older Kiln.
  static model::Result<std::unique_ptr<ImportJournal>> open(const std::string& path, bool resume, const std::string& target);
  std::int64_t stamp() const { return stamp_; }
  // Why that file cannot be gone on with: it was changed since, and what is in it now would be taken for stored. nullopt: it can.
  std::optional<model::Failure> changed(const std::string& path) const;
  bool resumed() const { return resumed_; }     // an earlier run's lines were found
  std::uint32_t file(const std::string& path);  // its number, the same in every run
  bool done(std::uint32_t file, std::uint64_t chunk) const;
  void mark(std::uint32_t file, std::uint64_t chunk);

 private:
  mutable std::mutex mutex_;
  std::ofstream out_;
  std::string path_;
  std::map<std::string, std::string> states_;  // of the files of the run that is resumed
  std::int64_t stamp_ = 0;
  bool resumed_ = false;
  std::map<std::string, std::uint32_t> files_;
  std::set<std::pair<std::uint32_t, std::uint64_t>> done_;
};

}  // namespace commands
