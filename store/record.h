// Records: the keys and values of the spaces ids and documents, byte for byte as README.md has them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/engine.h"
#include "store/store.h"

namespace store {

// Types are stored under numbers that the store gives at first use (type_numbers.h).
using TypeNumber = std::uint16_t;  // 1, 2, ...; 0 is none
inline constexpr TypeNumber max_type_number = 0x7ff;
inline constexpr std::size_t max_id_bytes = 255;  // FHIR's ids have 64

// A version as stored, but for its id and body.
struct Header {
  TypeNumber type = 0;
  Method method = Method::post;
  bool erased = false;  // a placeholder: neither id nor body; of a resource that is erased wholly no version either
  Hole hole;
  std::uint64_t version = 0;
  Commit commit = 0;
  Document document = 0;
  Document previous = 0;       // the version before
  Document jump = 0;           // the version jump_version(version); 0 if that is 0
  Document type_previous = 0;  // the document before of the same type
  std::int64_t last_updated = 0;
};

struct Record {
  Header header;
  std::string_view id;
  std::string_view packed;  // the body as Packer packs it; empty for a delete
};

// What the space ids says of a resource: its newest version.
struct Newest {
  Document document = 0;
  std::uint64_t version = 0;
  Method method = Method::post;
  std::uint64_t erased = 0;  // how many of its versions are
};

std::string encode_record(const Header& header, std::string_view id, std::string_view packed);
// False if the checksum or the form does not hold. Views into `value`.
bool decode_record(Document document, std::string_view value, Record& out);

std::string encode_newest(const Newest& newest);
bool decode_newest(std::string_view value, Newest& out);

// Looks a document up. False if there is none (0 is none); throws EngineError if it is damaged. Views as the snapshot's.
bool find_record(const Snapshot& snapshot, Document document, Record& out);
bool find_newest(const Snapshot& snapshot, std::string_view resource_key, Newest& out);
Version make_version(const Header& header, model::TypeId type, std::string_view id);

// Keys. A document's is its number, big-endian; a resource's is its type number in one or two bytes, then its id.
std::array<char, 8> document_key(Document document);
inline std::string_view view(const std::array<char, 8>& key) { return {key.data(), key.size()}; }
Document parse_document_key(std::string_view key);  // 0 if it is none
void append_type(std::string& key, TypeNumber type);
std::string resource_key(TypeNumber type, std::string_view id);
// The type number at the front of a resource's key, removed from it; 0 if there is none.
TypeNumber take_type(std::string_view& key);

// Version chains. Beside the version before, every version points further back, by skew-binary numbers (Myers 1983): write n as a
// sum of terms 2^k - 1, each the greatest that fits; the jump from n leads to n less the last term. Any older version is O(log n)
// steps away: the jump if it does not lead too far, else the version before.
std::uint64_t jump_version(std::uint64_t version);

}  // namespace store
