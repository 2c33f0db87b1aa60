// The bytes of terms: tags, ordered integers, the cutting of long parts, and the framing of composites.
//
// Shared by the parameter types (README.md). What is written here is on disk in segments: a change is a change of
// format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "search/scan.h"

namespace search {

// Appends eight bytes whose memcmp order is the order of signed integers.
void put_ordered(std::string& out, std::int64_t value);
std::int64_t read_ordered(std::string_view bytes);          // of the first eight bytes, which must be there
void put_ordered32(std::string& out, std::uint32_t value);  // four bytes, big-endian
std::uint32_t read_ordered32(std::string_view bytes);

// SipHash-2-4 (Aumasson and Bernstein 2012) under fixed keys: the same on every machine and in every version.
std::uint64_t hash64(std::string_view bytes, std::uint64_t key);
void put_hash128(std::string& out, std::string_view bytes);  // 16 bytes

// Appends `text`; if it is longer than `limit` bytes, its beginning, \xFF (no byte of UTF-8), and its 16-byte hash: `limit` bytes
// in all. Equal texts give equal bytes, different ones different bytes, so exact scans find what is cut.
void put_part(std::string& out, std::string_view text, std::size_t limit);

// Composites: each component's term with \0 escaped as \0\xFF, ended by \0\x01. Keeps the order of the first component's terms:
// a <= b as terms if and only if escaped(a) <= escaped(b) followed by anything that ends them.
void put_escaped(std::string& out, std::string_view term);
void put_frame(std::string& out, std::string_view term);
// Takes one framed component off the front of `bytes` into `out`; false if there is none.
bool take_frame(std::string_view& bytes, std::string& out);

// [low, high) as a scan; an empty `high` is the end of the parameter.
Scan range_scan(std::string low, std::string high, std::shared_ptr<const TermPredicate> predicate = nullptr);

}  // namespace search
