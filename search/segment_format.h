// The constants and fixed-size rows of a segment's bytes. README.md, Segments, explains them with an example.
#pragma once

#include <cstdint>
#include <string_view>

namespace search {

inline constexpr std::string_view segment_magic = "KILNSEG1";
inline constexpr std::uint32_t segment_format = 1;
inline constexpr std::size_t segment_header_bytes = 16;
inline constexpr std::size_t segment_footer_bytes = 64;

inline constexpr std::uint8_t no_kind = 0xff;          // of a tombstone, or a number that no document has
inline constexpr std::uint32_t rank_block = 256;       // documents per row of counts by type
inline constexpr std::size_t block_target = 4000;      // bytes at which a term block is closed
inline constexpr std::uint32_t restart_interval = 16;  // terms between whole ones
inline constexpr std::size_t suffix_least = 4;         // bytes at a term's end that are worth telling as those of the one before
inline constexpr std::uint32_t bloom_least_terms = 256;  // fewer are one or two blocks: looked up as fast

// One row per term block: where it stands in its region, and what lies before it.
struct BlockRow {
  std::uint64_t position;
  std::uint64_t count_before;  // postings of all terms before the block
  std::uint32_t first_ordinal;
  std::uint32_t separator_end;  // of the least string that is above all terms before the block and at or below its first
};
static_assert(sizeof(BlockRow) == 24);

// The end of a segment.
struct SegmentFooter {
  char magic[8];
  std::uint64_t base;
  std::uint32_t size;
  std::uint32_t format;
  std::uint64_t directory_position;
  std::uint64_t directory_bytes;
  std::uint64_t file_bytes;
  std::uint32_t directory_crc;
  std::uint32_t unused[2];
  std::uint32_t crc;  // of the 60 bytes before
};
static_assert(sizeof(SegmentFooter) == segment_footer_bytes);

}  // namespace search
