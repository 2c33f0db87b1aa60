#include "store/record.h"

#include <bit>
#include <cstring>

#include "store/bytes.h"

namespace store {

namespace {

// The records written before a document are told as distances to it: mostly a byte or two. 0 stays none.
std::uint64_t distance(Document from, Document to) { return to == 0 ? 0 : from - to; }

// False if the distance leads beyond the first document.
bool resolve(Document from, std::uint64_t distance, Document& out) {
  if (distance >= from) return false;
  out = distance == 0 ? 0 : from - distance;
  return true;
}

}  // namespace

std::string encode_record(const Header& header, std::string_view id, std::string_view packed) {
  std::string out;
  out.reserve(48 + id.size() + packed.size());
  out.append(4, '\0');  // the checksum
  out.push_back(static_cast<char>(static_cast<unsigned>(header.method) | header.hole.kind << 2 | (header.erased ? 0x10 : 0)));
  append_varint(out, header.type);
  append_varint(out, header.version);
  append_varint(out, header.document - header.commit);
  append_varint(out, static_cast<std::uint64_t>(header.last_updated));
  append_varint(out, distance(header.document, header.previous));
  append_varint(out, distance(header.document, header.jump));
  append_varint(out, distance(header.document, header.type_previous));
  append_varint(out, header.hole.offset);
  out.push_back(static_cast<char>(id.size()));
  out.append(id);
  out.append(packed);
  const std::uint32_t sum = crc32c(std::string_view(out).substr(4));
  std::memcpy(out.data(), &sum, sizeof sum);  // little-endian, as the platform is
  return out;
}

bool decode_record(Document document, std::string_view value, Record& out) {
  if (value.size() < 5 || document == 0) return false;
  std::uint32_t sum;
  std::memcpy(&sum, value.data(), sizeof sum);
  if (sum != crc32c(value.substr(4))) return false;
  ByteReader in(value.substr(4));
  Header& header = out.header;
  const std::uint8_t bits = in.byte();
  const std::uint64_t type = in.varint();
  header.method = static_cast<Method>(bits & 3);
  header.hole.kind = static_cast<std::uint8_t>(bits >> 2 & 3);
  header.erased = (bits & 0x10) != 0;
  header.document = document;
  header.version = in.varint();
  const std::uint64_t before = in.varint();
  header.last_updated = static_cast<std::int64_t>(in.varint());
  const std::uint64_t previous = in.varint(), jump = in.varint(), type_previous = in.varint(), offset = in.varint();
  out.id = in.take(in.byte());
  out.packed = in.rest();
  if (!in.ok() || (bits >> 5) != 0 || type == 0 || type > max_type_number || before >= document || header.last_updated < 0 ||
      offset > 0xffffffff || out.id.empty() != header.erased) {
    return false;
  }
  if (header.erased ? !out.packed.empty() : header.version == 0) return false;
  header.type = static_cast<TypeNumber>(type);
  header.commit = document - before;
  header.hole.offset = static_cast<std::uint32_t>(offset);
  return resolve(document, previous, header.previous) && resolve(document, jump, header.jump) &&
         resolve(document, type_previous, header.type_previous);
}

std::string encode_newest(const Newest& newest) {
  std::string out;
  append_varint(out, newest.document);
  append_varint(out, newest.version);
  out.push_back(static_cast<char>(newest.method));
  if (newest.erased != 0) append_varint(out, newest.erased);
  return out;
}

bool decode_newest(std::string_view value, Newest& out) {
  ByteReader in(value);
  out.document = in.varint();
  out.version = in.varint();
  const std::uint8_t method = in.byte();
  out.method = static_cast<Method>(method);
  out.erased = in.ok() && !in.done() ? in.varint() : 0;
  return in.done() && out.erased < out.version && method <= static_cast<std::uint8_t>(Method::remove) && out.document != 0 &&
         out.version != 0;
}

bool find_record(const Snapshot& snapshot, Document document, Record& out) {
  if (document == 0) return false;
  const auto key = document_key(document);
  const auto value = snapshot.get(Space::documents, view(key));
  if (!value) return false;
  if (!decode_record(document, *value, out)) throw EngineError("document " + std::to_string(document) + " is damaged");
  return true;
}

bool find_newest(const Snapshot& snapshot, std::string_view resource_key, Newest& out) {
  const auto value = snapshot.get(Space::ids, resource_key);
  if (!value) return false;
  if (!decode_newest(*value, out)) throw EngineError("the newest version of a resource is damaged");
  return true;
}

Version make_version(const Header& header, model::TypeId type, std::string_view id) {
  return {type,         std::string(id), header.version, header.commit, header.document, header.previous, header.last_updated,
          header.method};
}

std::array<char, 8> document_key(Document document) {
  std::array<char, 8> key;
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(document >> (56 - 8 * i));
  return key;
}

Document parse_document_key(std::string_view key) {
  if (key.size() != 8) return 0;
  Document document = 0;
  for (const char c : key) document = document << 8 | static_cast<std::uint8_t>(c);
  return document;
}

void append_type(std::string& key, TypeNumber type) {
  if (type >= 0x80) key.push_back(static_cast<char>(0x80 | type >> 8));
  key.push_back(static_cast<char>(type));
}

std::string resource_key(TypeNumber type, std::string_view id) {
  std::string key;
  key.reserve(2 + id.size());
  append_type(key, type);
  key.append(id);
  return key;
}

TypeNumber take_type(std::string_view& key) {
  ByteReader in(key);
  unsigned type = in.byte();
  if (type >= 0x80) type = (type & 0x7f) << 8 | in.byte();
  if (!in.ok()) return 0;
  key = in.rest();
  return static_cast<TypeNumber>(type);
}

std::uint64_t jump_version(std::uint64_t version) {
  std::uint64_t rest = version;
  std::uint64_t term = 0;
  while (rest != 0) {
    // The greatest 2^k - 1 that is not above rest.
    term = std::bit_floor(rest + 1) - 1;
    rest -= term;
  }
  return version - term;
}

}  // namespace store
