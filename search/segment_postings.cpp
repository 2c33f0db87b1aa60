#include "search/segment_postings.h"

#include <algorithm>

namespace search {
namespace {

// Form of a group in a long list; 0 to 32 is the width of packed deltas.
constexpr std::uint8_t form_run = 0x40;
constexpr std::uint8_t form_bitmap = 0x41;
constexpr std::uint32_t packed_group = 128;  // offsets in a packed group
constexpr std::uint32_t run_least = 128;     // adjacent offsets that make a run
constexpr std::uint32_t window = 8192;       // documents that a bitmap covers
constexpr std::uint32_t dense = window / 8;  // offsets in a window that make it a bitmap: about where packed deltas are as large

unsigned deltas_width(std::span<const std::uint32_t> offsets) {
  std::uint32_t all = 0;
  for (std::size_t i = 1; i < offsets.size(); ++i) all |= offsets[i] - offsets[i - 1] - 1;
  return width_of(all);
}

void pack_deltas(std::span<const std::uint32_t> offsets, unsigned width, std::string& out) {
  BitPacker packer(out);
  for (std::size_t i = 1; i < offsets.size(); ++i) packer.add(offsets[i] - offsets[i - 1] - 1, width);
  packer.finish();
}

// Calls fn(offset) for the first offset and count - 1 deltas. The caller has checked that the last one is in range.
template <typename Fn>
std::uint64_t each_packed(std::uint32_t first, const char* bits, unsigned width, std::uint32_t count, Fn&& fn) {
  std::uint64_t offset = first;
  fn(offset);
  std::uint64_t bit = 0;
  for (std::uint32_t i = 1; i < count; ++i, bit += width) {
    offset += unpack(bits, bit, width) + 1;
    fn(offset);
  }
  return offset;
}

void set_range(std::span<std::uint64_t> bitmap, std::uint64_t first, std::uint64_t last) {  // [first, last)
  while (first < last && first % 64 != 0) {
    bitmap[first / 64] |= std::uint64_t{1} << (first % 64);
    ++first;
  }
  for (; first + 64 <= last; first += 64) bitmap[first / 64] = ~std::uint64_t{0};
  for (; first < last; ++first) bitmap[first / 64] |= std::uint64_t{1} << (first % 64);
}

}  // namespace

// An entry's head: odd, one offset; even, how many, which also tells a short list from a long one.
void encode_short(std::span<const std::uint32_t> offsets, std::string& out) {
  if (offsets.size() == 1) return put_varint(out, std::uint64_t{offsets[0]} << 1 | 1);
  put_varint(out, std::uint64_t{offsets.size()} << 1);
  put_varint(out, offsets[0]);
  const unsigned width = deltas_width(offsets);
  out.push_back(static_cast<char>(width));
  pack_deltas(offsets, width, out);
}

void encode_long_entry(std::uint64_t count, std::uint64_t position, std::string& out) {
  put_varint(out, count << 1);
  put_varint(out, position);
}

void encode_long(std::span<const std::uint32_t> offsets, std::string& out) {
  std::string directory, data;
  std::uint32_t groups = 0;
  for (std::size_t i = 0; i < offsets.size();) {
    put<std::uint32_t>(directory, offsets[i]);
    put<std::uint32_t>(directory, static_cast<std::uint32_t>(data.size()));
    ++groups;
    std::size_t run = i + 1;
    while (run < offsets.size() && offsets[run] == offsets[run - 1] + 1) ++run;
    if (run - i >= run_least) {
      data.push_back(static_cast<char>(form_run));
      put<std::uint32_t>(data, static_cast<std::uint32_t>(run - i));
      i = run;
      continue;
    }
    const std::uint32_t base = offsets[i] & ~63u;
    if (i + dense <= offsets.size() && offsets[i + dense - 1] - base < window) {
      std::uint64_t words[window / 64] = {};
      std::uint32_t last = 0;
      for (; i < offsets.size() && offsets[i] - base < window; ++i) {
        last = offsets[i] - base;
        words[last / 64] |= std::uint64_t{1} << (last % 64);
      }
      const std::uint32_t used = last / 64 + 1;
      data.push_back(static_cast<char>(form_bitmap));
      put<std::uint16_t>(data, static_cast<std::uint16_t>(used));
      data.append(reinterpret_cast<const char*>(words), used * sizeof(std::uint64_t));
      continue;
    }
    const auto group = offsets.subspan(i, std::min<std::size_t>(packed_group, offsets.size() - i));
    const unsigned width = deltas_width(group);
    data.push_back(static_cast<char>(width));
    data.push_back(static_cast<char>(group.size() - 1));
    pack_deltas(group, width, data);
    i += group.size();
  }
  put<std::uint32_t>(out, groups);
  out += directory;
  out += data;
}

struct Postings::Group {
  std::uint8_t form = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;  // packed, run
  std::uint32_t words = 0;  // bitmap
  const char* data = nullptr;
};

std::uint64_t Postings::skip(Input& entry) {
  const std::uint64_t head = entry.varint();
  if (head & 1) return entry.bad ? 0 : 1;
  const std::uint64_t count = head >> 1;
  entry.varint();
  if (count <= short_list) {
    const auto width = entry.fixed<std::uint8_t>();
    if (count < 2 || width > 32) entry.bad = true;
    if (!entry.bad) entry.bytes(packed_bytes(count - 1, width));
  }
  return entry.bad ? 0 : count;
}

bool Postings::read(Input& entry, std::string_view region, std::uint32_t limit) {
  *this = Postings();
  limit_ = limit;
  end_ = region.data() + region.size();
  const std::uint64_t head = entry.varint();
  const std::uint64_t count = head & 1 ? 1 : head >> 1;
  if (entry.bad || count == 0 || count > limit) return false;
  count_ = static_cast<std::uint32_t>(count);
  const std::uint64_t value = head & 1 ? head >> 1 : entry.varint();
  if (count_ > short_list) {
    if (value + 4 > region.size() || value + 4 < value) return false;
    directory_ = region.data() + value + 4;
    groups_ = load<std::uint32_t>(directory_ - 4);
    if (groups_ == 0 || std::uint64_t{groups_} * 8 > static_cast<std::uint64_t>(end_ - directory_)) return false;
    groups_begin_ = directory_ + std::size_t{groups_} * 8;
    return !entry.bad;
  }
  if (value >= limit) return false;
  first_ = static_cast<std::uint32_t>(value);
  if (head & 1) return true;
  if (count_ < 2) return false;
  width_ = entry.fixed<std::uint8_t>();
  if (width_ > 32) return false;
  bits_ = entry.bytes(packed_bytes(count_ - 1, width_)).data();
  return !entry.bad;
}

std::uint32_t Postings::last_group_at(std::uint32_t offset) const {
  std::uint32_t low = 0, high = groups_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (load<std::uint32_t>(directory_ + std::size_t{middle} * 8) <= offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low == 0 ? groups_ : low - 1;
}

bool Postings::group(std::uint32_t index, Group& out) const {
  const char* row = directory_ + std::size_t{index} * 8;
  out.first = load<std::uint32_t>(row);
  const std::uint32_t position = load<std::uint32_t>(row + 4);
  if (out.first >= limit_ || position >= static_cast<std::uint64_t>(end_ - groups_begin_)) return false;
  Input in{groups_begin_ + position, end_};
  out.form = in.fixed<std::uint8_t>();
  if (out.form == form_run) {
    out.count = in.fixed<std::uint32_t>();
    return !in.bad && out.count > 0 && out.count <= limit_ - out.first;
  }
  if (out.form == form_bitmap) {
    out.words = in.fixed<std::uint16_t>();
    out.data = in.bytes(std::size_t{out.words} * 8).data();
    // The bitmap a caller gives has whole words up to limit_, so bits past it in the last word stay inside.
    return !in.bad && out.words > 0 && out.first / 64 + out.words <= (std::uint64_t{limit_} + 63) / 64;
  }
  if (out.form > 32) return false;
  out.count = in.fixed<std::uint8_t>() + 1u;
  out.data = in.bytes(packed_bytes(out.count - 1, out.form)).data();
  return !in.bad;
}

bool Postings::unite(std::span<std::uint64_t> bitmap) const {
  const auto set = [&](std::uint64_t offset) {
    if (offset < limit_) bitmap[offset / 64] |= std::uint64_t{1} << (offset % 64);
  };
  if (groups_ == 0) return each_packed(first_, bits_, width_, count_, set) < limit_;
  for (std::uint32_t i = 0; i < groups_; ++i) {
    Group g;
    if (!group(i, g)) return false;
    if (g.form == form_run) {
      set_range(bitmap, g.first, std::uint64_t{g.first} + g.count);
    } else if (g.form == form_bitmap) {
      std::uint64_t* to = bitmap.data() + g.first / 64;
      for (std::uint32_t w = 0; w < g.words; ++w) to[w] |= load<std::uint64_t>(g.data + std::size_t{w} * 8);
    } else if (each_packed(g.first, g.data, g.form, g.count, set) >= limit_) {
      return false;
    }
  }
  return true;
}

bool Postings::append(std::vector<std::uint32_t>& out, std::uint32_t shift) const {
  const std::size_t start = out.size();
  std::uint64_t next = 0;  // offsets must ascend
  bool sound = true;
  const auto add = [&](std::uint64_t offset) {
    if (offset < next || offset >= limit_ || out.size() - start >= count_) {
      sound = false;
      return;
    }
    next = offset + 1;
    out.push_back(static_cast<std::uint32_t>(offset) + shift);
  };
  if (groups_ == 0) {
    each_packed(first_, bits_, width_, count_, add);
    return sound;
  }
  out.reserve(start + count_);
  for (std::uint32_t i = 0; i < groups_ && sound; ++i) {
    Group g;
    if (!group(i, g)) return false;
    if (g.form == form_run) {
      for (std::uint32_t k = 0; k < g.count; ++k) add(std::uint64_t{g.first} + k);
    } else if (g.form == form_bitmap) {
      const std::uint64_t base = g.first & ~63u;
      for (std::uint32_t w = 0; w < g.words; ++w)
        for (std::uint64_t word = load<std::uint64_t>(g.data + std::size_t{w} * 8); word != 0; word &= word - 1)
          add(base + w * 64u + static_cast<unsigned>(std::countr_zero(word)));
    } else {
      each_packed(g.first, g.data, g.form, g.count, add);
    }
  }
  return sound && out.size() - start == count_;
}

bool Postings::newest(std::uint32_t below, std::span<std::uint32_t> out, std::size_t& found) const {
  found = 0;
  if (below == 0 || out.empty()) return true;
  std::uint32_t unpacked[256];
  // Offsets of a packed group, highest first.
  const auto take = [&](std::uint32_t first, const char* bits, unsigned width, std::uint32_t count) {
    std::uint32_t n = 0;
    if (each_packed(first, bits, width, count, [&](std::uint64_t o) { unpacked[n++] = static_cast<std::uint32_t>(o); }) >= limit_)
      return false;
    while (n > 0 && found < out.size()) {
      const std::uint32_t offset = unpacked[--n];
      if (offset < below) out[found++] = offset;
    }
    return true;
  };
  if (groups_ == 0) return take(first_, bits_, width_, count_);
  std::uint32_t index = last_group_at(below - 1);
  if (index == groups_) return true;
  for (;; --index) {
    Group g;
    if (!group(index, g)) return false;
    if (g.form == form_run) {
      for (std::uint32_t offset = std::min(below, g.first + g.count); offset > g.first && found < out.size();)
        out[found++] = --offset;
    } else if (g.form == form_bitmap) {
      const std::uint32_t base = g.first & ~63u;
      for (std::uint32_t w = g.words; w-- > 0 && found < out.size();) {
        const std::uint32_t at = base + w * 64;
        if (at >= below) continue;
        std::uint64_t word = load<std::uint64_t>(g.data + std::size_t{w} * 8);
        if (below - at < 64) word &= (std::uint64_t{1} << (below - at)) - 1;
        while (word != 0 && found < out.size()) {
          const unsigned bit = 63 - static_cast<unsigned>(std::countl_zero(word));
          word ^= std::uint64_t{1} << bit;
          if (at + bit >= limit_) return false;
          out[found++] = at + bit;
        }
      }
    } else if (!take(g.first, g.data, g.form, g.count)) {
      return false;
    }
    if (found == out.size() || index == 0) return true;
  }
}

bool Postings::contains(std::uint32_t offset, bool& held) const {
  held = false;
  const auto look = [&](std::uint32_t first, const char* bits, unsigned width, std::uint32_t count) {
    std::uint64_t at = first, bit = 0;
    for (std::uint32_t i = 1; at < offset && i < count; ++i, bit += width) at += unpack(bits, bit, width) + 1;
    held = at == offset;
  };
  if (groups_ == 0) {
    look(first_, bits_, width_, count_);
    return true;
  }
  const std::uint32_t index = last_group_at(offset);
  if (index == groups_) return true;
  Group g;
  if (!group(index, g)) return false;
  if (g.form == form_run) {
    held = offset - g.first < g.count;
  } else if (g.form == form_bitmap) {
    const std::uint32_t at = offset - (g.first & ~63u);
    held = at / 64 < g.words && (load<std::uint64_t>(g.data + std::size_t{at / 64} * 8) >> (at % 64) & 1) != 0;
  } else {
    look(g.first, g.data, g.form, g.count);
  }
  return true;
}

}  // namespace search
