#include "store/blob_rows.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "store/bytes.h"
#include "store/record.h"

namespace store {

namespace {

constexpr char by_document = 0;
constexpr char by_piece = 1;
constexpr char by_mark = 2;
constexpr std::uint64_t format_with_blobs = 3;

std::string entry(char kind, std::uint64_t number) {
  const auto bytes = document_key(number);
  return std::string(1, kind).append(view(bytes));
}
std::string piece_entry(std::uint64_t number, std::uint64_t index) {
  auto key = entry(by_piece, number);
  for (int shift = 24; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift));
  return key;
}
// The number of an entry of that kind; 0 if it is none.
std::uint64_t number_of(char kind, std::string_view key) {
  const std::size_t size = kind == by_piece ? 13 : 9;
  return key.size() == size && key.front() == kind ? parse_document_key(key.substr(1, 8)) : 0;
}

// Over the key too: a piece that stands in the wrong place is noticed.
std::uint32_t checksum(std::string_view key, std::string_view content) { return crc32c(content) ^ crc32c(key); }
std::string sealed(std::string_view key, std::string_view content) {
  std::string out(4, '\0');
  const std::uint32_t sum = checksum(key, content);
  std::memcpy(out.data(), &sum, sizeof sum);
  return out.append(content);
}
std::optional<std::string_view> opened(std::string_view key, std::string_view value) {
  if (value.size() < 4) return std::nullopt;
  std::uint32_t sum;
  std::memcpy(&sum, value.data(), sizeof sum);
  value.remove_prefix(4);
  if (sum != checksum(key, value)) return std::nullopt;
  return value;
}

bool decode(std::string_view content, Blob& out) {
  ByteReader in(content);
  out.number = in.varint();
  out.size = in.varint();
  out.note = in.rest();
  return in.ok() && out.number != 0;
}

std::size_t piece_size(std::uint64_t size, std::uint64_t index) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(blob_piece, size - index * blob_piece));
}

}  // namespace

void raise_format(Transaction& out) {
  std::string format;
  append_varint(format, format_with_blobs);
  if (out.get(Space::meta, "format") != format) out.put(Space::meta, "format", format);
}

void mark_blob(Transaction& out, std::uint64_t number) {
  raise_format(out);
  out.put(Space::blobs, entry(by_mark, number), {});
}

void put_piece(Transaction& out, std::uint64_t number, std::uint64_t index, std::string_view bytes) {
  const auto key = piece_entry(number, index);
  out.put(Space::blobs, key, sealed(key, bytes));
}

void put_blob(Transaction& out, Document document, const BlobDraft& draft) {
  const Blob& blob = draft.blob;
  raise_format(out);
  std::uint64_t index = (blob.size - draft.tail.size()) / blob_piece;
  for (std::string_view tail = draft.tail; !tail.empty(); tail.remove_prefix(std::min(blob_piece, tail.size())))
    put_piece(out, blob.number, index++, tail.substr(0, blob_piece));
  std::string content;
  append_varint(content, blob.number);
  append_varint(content, blob.size);
  content += blob.note;
  const auto key = entry(by_document, document);
  out.put(Space::blobs, key, sealed(key, content));
  out.erase(Space::blobs, entry(by_mark, blob.number));
}

std::optional<std::uint64_t> release_blob(Transaction& out, Document document) {
  const auto blob = find_blob(out, document);
  if (!blob) return std::nullopt;
  mark_blob(out, blob->number);
  out.erase(Space::blobs, entry(by_document, document));
  return blob->number;
}

bool sweep_blob(Transaction& out, std::uint64_t number, std::size_t limit) {
  const auto mark = entry(by_mark, number);
  if (!out.get(Space::blobs, mark)) return false;
  const auto first = entry(by_piece, number);
  std::vector<std::string> keys;
  {
    const auto cursor = out.cursor(Space::blobs);
    for (bool there = cursor->seek(first); there && keys.size() < limit && cursor->key().starts_with(first);
         there = cursor->next())
      keys.emplace_back(cursor->key());
  }
  for (const auto& key : keys) out.erase(Space::blobs, key);
  if (keys.size() == limit) return true;
  out.erase(Space::blobs, mark);
  return false;
}

std::vector<std::uint64_t> marked_blobs(const Snapshot& snapshot) {
  std::vector<std::uint64_t> out;
  const auto cursor = snapshot.cursor(Space::blobs);
  for (bool there = cursor->seek(std::string(1, by_mark)); there; there = cursor->next()) {
    if (const auto number = number_of(by_mark, cursor->key())) out.push_back(number);
  }
  return out;
}

std::uint64_t last_blob_number(const Snapshot& snapshot) {
  const auto cursor = snapshot.cursor(Space::blobs);
  // Whatever is kept or marked has pieces, or is marked only.
  std::uint64_t last = 0;
  if (cursor->last()) last = number_of(by_mark, cursor->key());
  const bool beyond = cursor->seek(std::string(1, by_mark));
  if (beyond ? cursor->previous() : cursor->last()) last = std::max(last, number_of(by_piece, cursor->key()));
  return last;
}

std::optional<Blob> find_blob(const Snapshot& snapshot, Document document) {
  const auto key = entry(by_document, document);
  const auto value = snapshot.get(Space::blobs, key);
  if (!value) return std::nullopt;
  Blob blob;
  const auto content = opened(key, *value);
  if (!content || !decode(*content, blob))
    throw EngineError("what refers to the content of document " + std::to_string(document) + " is damaged");
  return blob;
}

std::string_view find_piece(const Snapshot& snapshot, const Blob& blob, std::uint64_t index) {
  const auto key = piece_entry(blob.number, index);
  const auto value = snapshot.get(Space::blobs, key);
  const auto content = value ? opened(key, *value) : std::nullopt;
  if (!content || content->size() != piece_size(blob.size, index)) {
    throw EngineError("piece " + std::to_string(index) + " of content " + std::to_string(blob.number) +
                      (value ? " is damaged" : " is missing"));
  }
  return *content;
}

BlobCount check_blobs(const Engine& engine, const std::function<bool(const Snapshot&, Document)>& is_version,
                      const std::function<void(const std::string&)>& fault) {
  constexpr std::uint64_t slice = 256;
  BlobCount count;
  std::vector<std::uint64_t> known;  // numbers that something refers to
  for (Document document = 0;;) {
    std::optional<Blob> blob;
    try {
      const auto snapshot = engine.snapshot();
      const auto cursor = snapshot->cursor(Space::blobs);
      if (!cursor->seek(entry(by_document, document + 1))) break;
      document = number_of(by_document, cursor->key());
      if (document == 0) break;
      blob = find_blob(*snapshot, document);
      if (!blob) continue;
      known.push_back(blob->number);
      if (!is_version(*snapshot, document)) fault("content " + std::to_string(blob->number) + " belongs to no version");
      if (snapshot->get(Space::blobs, entry(by_mark, blob->number)))
        fault("content " + std::to_string(blob->number) + " is marked to be swept, but a version has it");
    } catch (const EngineError& error) {
      fault(error.what());
      continue;
    }
    ++count.blobs;
    count.bytes += blob->size;
    const auto pieces = blob_pieces(blob->size);
    for (std::uint64_t index = 0; index < pieces;) {
      const auto snapshot = engine.snapshot();
      for (const auto end = std::min(pieces, index + slice); index < end; ++index) {
        try {
          (void)find_piece(*snapshot, *blob, index);
        } catch (const EngineError& error) {
          fault(error.what());
        }
      }
    }
    if (engine.snapshot()->get(Space::blobs, piece_entry(blob->number, pieces)))
      fault("content " + std::to_string(blob->number) + " has more pieces than its size says");
  }
  std::sort(known.begin(), known.end());
  if (std::adjacent_find(known.begin(), known.end()) != known.end()) fault("two versions have the same content");
  const auto snapshot = engine.snapshot();
  const auto marked = marked_blobs(*snapshot);
  count.swept = marked.size();
  const auto cursor = snapshot->cursor(Space::blobs);
  for (std::uint64_t number = 0; cursor->seek(entry(by_piece, number + 1));) {
    number = number_of(by_piece, cursor->key());
    if (number == 0) break;
    if (!std::binary_search(known.begin(), known.end(), number) && !std::binary_search(marked.begin(), marked.end(), number))
      fault("content " + std::to_string(number) + " belongs to nothing");
  }
  return count;
}

}  // namespace store
