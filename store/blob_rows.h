// The rows of the space `blobs`, as README.md has them: pieces of content, what refers to them, and what is to be swept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/blob.h"
#include "store/engine.h"
#include "store/store.h"

namespace store {

// Bytes of content in a row. With its checksum and LMDB's page header it fills 16 pages; three divide it, so that base64 can be
// made piece by piece.
inline constexpr std::size_t blob_piece = 65502;
inline constexpr std::size_t max_blob_note = 255;

inline std::uint64_t blob_pieces(std::uint64_t size) { return (size + blob_piece - 1) / blob_piece; }

// The format of a store with blobs or erased versions: a program that knows neither would show resources without their content,
// or as damaged, and must not open it.
void raise_format(Transaction& out);

// Pieces of a blob that no version refers to yet: the mark says so until one does.
void mark_blob(Transaction& out, std::uint64_t number);
void put_piece(Transaction& out, std::uint64_t number, std::uint64_t index, std::string_view bytes);
// The version `document` has this content: its last pieces, the reference, and no mark any more.
void put_blob(Transaction& out, Document document, const BlobDraft& draft);
// The version `document` has it no longer: marked to be swept. Its number, nothing if there was none.
std::optional<std::uint64_t> release_blob(Transaction& out, Document document);
// Erases at most `limit` pieces of a marked blob, and with the last its mark. True: there are more.
bool sweep_blob(Transaction& out, std::uint64_t number, std::size_t limit);

std::vector<std::uint64_t> marked_blobs(const Snapshot& snapshot);
std::uint64_t last_blob_number(const Snapshot& snapshot);  // 0: none yet

// Both throw EngineError if what is there is damaged; find_piece also if it is missing.
std::optional<Blob> find_blob(const Snapshot& snapshot, Document document);
std::string_view find_piece(const Snapshot& snapshot, const Blob& blob, std::uint64_t index);

// Checks every blob, in slices; faults are appended. `is_version`: whether a document is there and no deletion.
struct BlobCount {
  std::uint64_t blobs = 0, bytes = 0, swept = 0;  // swept: marked, and so on their way out or in
};
BlobCount check_blobs(const Engine& engine, const std::function<bool(const Snapshot&, Document)>& is_version,
                      const std::function<void(const std::string&)>& fault);

}  // namespace store
