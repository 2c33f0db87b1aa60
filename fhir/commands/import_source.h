// ImportSource: files of resources cut into chunks, each a transaction Bundle that may be sent again without doubling anything.
//
// NDJSON (also gzipped), single resources, and transaction, batch and collection Bundles. Chunks depend on the files' bytes and
// the journal's stamp only: a second run cuts the same ones and gives the same ids.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/commands/import_large.h"
#include "resources-gen/model/result.h"

namespace commands {

struct ImportEntry {
  std::string json;      // the Bundle.entry, minified
  std::string type, id;  // what it will be stored as; empty id where the entry is no update (conditional create, batch GET ...)
  std::uint32_t file = 0;
  std::uint64_t line = 0;  // 1-based, in the file
  bool again = false;      // an earlier entry has the same id
};

struct ImportChunk {
  std::uint32_t file = 0;
  std::uint64_t number = 0;  // within the file
  std::string bundle_type = "transaction";
  bool whole = false;  // a transaction as its author wrote it: never split
  std::vector<ImportEntry> entries;

  std::string bundle() const;  // the Bundle's text
};

struct Refusal {
  std::uint32_t file = 0;
  std::uint64_t line = 0;
  std::string type, id, reason;
};

struct ImportSourceOptions {
  std::int64_t stamp = 0;  // milliseconds since 1970: made ids begin with it
  std::size_t chunk_entries = 250;
  std::size_t chunk_bytes = 1u << 20;
};

// Reads one file and calls `chunk` for each of its chunks, in order, on this thread, until it returns false; `refuse` for what is
// no resource; `large` for Binaries whose lines are too long, each a chunk of its own. `progress` gets the bytes of the file (as
// it lies on disk) read so far. Fails if the file cannot be read.
model::Result<void> read_import_file(const std::string& path, std::uint32_t file, const ImportSourceOptions& options,
                                     const std::function<bool(ImportChunk)>& chunk, const std::function<void(Refusal)>& refuse,
                                     LargeContents& large, const std::function<void(std::uint64_t)>& progress);

}  // namespace commands
