// A posting list in a segment: the ascending document offsets of one term.
//
// Three forms (README.md, Segments): one offset, a short packed list, or a long list of groups found through a directory, each
// packed, a run, or a bitmap. Views into the segment's bytes; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "search/segment_bytes.h"

namespace search {

inline constexpr std::uint32_t short_list = 128;  // longer lists stand outside the block

// Appends the entry of a list of at most short_list offsets to a block's postings.
void encode_short(std::span<const std::uint32_t> offsets, std::string& out);
// Appends a long list's bytes; its block entry is then encode_long_entry with where they stand in the region.
void encode_long(std::span<const std::uint32_t> offsets, std::string& out);
void encode_long_entry(std::uint64_t count, std::uint64_t position, std::string& out);

class Postings {
 public:
  // Reads one entry at `entry` and steps past it. `region` holds long lists; all offsets are below `limit`. False: damaged.
  bool read(Input& entry, std::string_view region, std::uint32_t limit);
  // Only steps past; returns the count (0: damaged).
  static std::uint64_t skip(Input& entry);

  std::uint32_t count() const { return count_; }
  // Each returns false where the bytes are damaged; what was found up to there stays.
  bool unite(std::span<std::uint64_t> bitmap) const;
  bool append(std::vector<std::uint32_t>& out, std::uint32_t shift = 0) const;
  bool newest(std::uint32_t below, std::span<std::uint32_t> out, std::size_t& found) const;
  bool contains(std::uint32_t offset, bool& held) const;

 private:
  struct Group;
  bool group(std::uint32_t index, Group& out) const;
  std::uint32_t last_group_at(std::uint32_t offset) const;  // the last that begins at or below offset; groups_ if none

  std::uint32_t count_ = 0;
  std::uint32_t limit_ = 0;
  std::uint32_t first_ = 0;          // of one offset or a short list
  unsigned width_ = 0;               // of a short list's deltas
  const char* bits_ = nullptr;       // a short list's deltas
  const char* directory_ = nullptr;  // of a long list: (first offset, position) per group
  const char* groups_begin_ = nullptr;
  const char* end_ = nullptr;  // of the region
  std::uint32_t groups_ = 0;
};

}  // namespace search
