#include "search/segment_column.h"

#include <algorithm>
#include <array>

namespace search {
namespace {

// How the ranks that have a value are told.
enum Form : std::uint8_t {
  form_all = 0,     // a value for each rank; value_none where there is none
  form_bitmap = 1,  // a bit per rank, with the count before each 512 bits
  form_ranks = 2,   // the ranks themselves, 4 bytes each
};
// What a value says; larger ones are a single ordinal, then a position among the lists.
constexpr std::uint64_t value_none = 0;
constexpr std::uint64_t value_present = 1;  // the presence term alone
constexpr std::uint64_t value_ordinal = 2;  // + ordinal
constexpr std::uint8_t flag_implied = 1;
constexpr std::uint32_t bits_per_count = 512;

// Bytes: form 1, flags 1, width 1, list width 1, entries 4, least 8, list slots 8, presence, values, lists.

std::uint64_t bitmap_bytes(std::uint32_t ranks) {  // per 512 bits: count before, then the bits
  return (std::uint64_t{ranks} + bits_per_count - 1) / bits_per_count * (4 + bits_per_count / 8);
}

// Lists of ordinals, each told once if it was seen lately: documents share codes far more often than not.
class ListStore {
 public:
  std::uint64_t place(const std::uint32_t* list, std::uint32_t count) {
    std::uint64_t hash = count;
    for (std::uint32_t i = 0; i < count; ++i) hash = fold_product(hash ^ list[i], 0x9e3779b97f4a7c15) + i;
    auto& seen = recent_[hash % recent_.size()];
    if (seen != 0 && seen - 1 + count <= slots_.size() && equal(seen - 1, list, count)) return seen - 1;
    const std::uint64_t position = slots_.size();
    for (std::uint32_t i = 0; i < count; ++i) slots_.push_back(std::uint64_t{list[i]} << 1 | (i + 1 == count));
    seen = position + 1;
    return position;
  }
  const std::vector<std::uint64_t>& slots() const { return slots_; }

 private:
  bool equal(std::uint64_t position, const std::uint32_t* list, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i)
      if (slots_[position + i] != (std::uint64_t{list[i]} << 1 | (i + 1 == count))) return false;
    return true;
  }
  std::vector<std::uint64_t> slots_;  // ordinal << 1 | last
  std::array<std::uint64_t, 1024> recent_{};
};

}  // namespace

void ColumnBuilder::write(std::uint32_t ranks, std::uint32_t terms, std::string& out) {
  // From the order of terms to the order of documents: a counting sort, which keeps each document's ordinals ascending.
  starts_.assign(std::size_t{ranks} + 1, 0);
  for (const std::uint64_t entry : entries_) ++starts_[(entry >> 32) + 1];
  std::size_t with_others = 0;
  for (std::size_t i = 1; i <= ranks; ++i) {
    with_others += starts_[i] != 0;
    starts_[i] += starts_[i - 1];
  }
  std::vector<char> present(present_.empty() ? 0 : ranks, 0);
  std::size_t covered = 0;
  for (const std::uint32_t rank : present_) {
    present[rank] = 1;
    covered += starts_[rank + 1] != starts_[rank];
  }
  const bool implied = !present_.empty() && covered == with_others;
  if (!present_.empty() && !implied) {  // tell the presence term like any other
    entries_.insert(entries_.begin(), present_.size(), 0);
    std::transform(present_.begin(), present_.end(), entries_.begin(),
                   [](std::uint32_t rank) { return std::uint64_t{rank} << 32; });
    present_.clear();
    return write(ranks, terms, out);
  }
  ordinals_.resize(entries_.size());
  for (const std::uint64_t entry : entries_) ordinals_[starts_[entry >> 32]++] = static_cast<std::uint32_t>(entry);
  // starts_[r] is now where rank r ends.
  ListStore lists;
  std::vector<std::uint64_t> values;  // of the ranks that have one
  std::vector<std::uint32_t> holders;
  std::uint64_t least = ~std::uint64_t{0}, most = 0;
  for (std::uint32_t rank = 0, from = 0; rank < ranks; ++rank) {
    const std::uint32_t count = starts_[rank] - from;
    const std::uint32_t* list = ordinals_.data() + from;
    from = starts_[rank];
    std::uint64_t value;
    if (count == 0) {
      if (!implied || !present[rank]) continue;
      value = value_present;
    } else if (count == 1) {
      value = value_ordinal + list[0];
    } else {
      value = value_ordinal + terms + lists.place(list, count);
    }
    values.push_back(value);
    holders.push_back(rank);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  if (values.empty()) least = 0;
  const std::uint64_t n = values.size();
  const bool all = n == ranks;
  const unsigned narrow = width_of(most - least), wide = all ? narrow : width_of(most);
  const std::uint64_t size_all = packed_bytes(ranks, wide);
  const std::uint64_t size_bitmap = bitmap_bytes(ranks) + packed_bytes(n, narrow);
  const std::uint64_t size_ranks = 4 * n + packed_bytes(n, narrow);
  Form form = form_all;
  if (!all && size_bitmap < size_all) form = form_bitmap;
  if (!all && size_ranks < std::min(size_all, size_bitmap)) form = form_ranks;
  const unsigned width = form == form_all ? wide : narrow;
  if (form == form_all && !all) least = 0;
  std::uint64_t widest = 0;
  for (const std::uint64_t slot : lists.slots()) widest = std::max(widest, slot);

  out.push_back(static_cast<char>(form));
  out.push_back(static_cast<char>(implied ? flag_implied : 0));
  out.push_back(static_cast<char>(width));
  out.push_back(static_cast<char>(width_of(widest)));
  put<std::uint32_t>(out, static_cast<std::uint32_t>(form == form_all ? ranks : n));
  put<std::uint64_t>(out, least);
  put<std::uint64_t>(out, lists.slots().size());
  if (form == form_ranks) out.append(reinterpret_cast<const char*>(holders.data()), holders.size() * sizeof holders[0]);
  if (form == form_bitmap) {
    std::size_t at = 0;
    for (std::uint64_t base = 0; base < ranks; base += bits_per_count) {
      put<std::uint32_t>(out, static_cast<std::uint32_t>(at));
      char bits[bits_per_count / 8] = {};
      for (; at < n && holders[at] < base + bits_per_count; ++at)
        bits[(holders[at] - base) / 8] = static_cast<char>(bits[(holders[at] - base) / 8] | 1 << (holders[at] % 8));
      out.append(bits, sizeof bits);
    }
  }
  BitPacker packer(out);
  if (form == form_all) {
    std::size_t at = 0;
    for (std::uint32_t rank = 0; rank < ranks; ++rank)
      packer.add(at < n && holders[at] == rank ? values[at++] - least : value_none, width);
  } else {
    for (const std::uint64_t value : values) packer.add(value - least, width);
  }
  packer.finish();
  BitPacker list_packer(out);
  for (const std::uint64_t slot : lists.slots()) list_packer.add(slot, width_of(widest));
  list_packer.finish();
}

bool Column::open(std::string_view bytes, std::uint32_t ranks, std::uint32_t terms, Column& out) {
  Input in{bytes.data(), bytes.data() + bytes.size()};
  out.form_ = in.fixed<std::uint8_t>();
  out.implied_ = (in.fixed<std::uint8_t>() & flag_implied) != 0;
  out.width_ = in.fixed<std::uint8_t>();
  out.list_width_ = in.fixed<std::uint8_t>();
  out.entries_ = in.fixed<std::uint32_t>();
  out.least_ = in.fixed<std::uint64_t>();
  out.list_slots_ = in.fixed<std::uint64_t>();
  out.ranks_ = ranks;
  out.terms_ = terms;
  if (in.bad || out.form_ > form_ranks || out.width_ > 57 || out.list_width_ > 33 || out.entries_ > ranks) return false;
  if (out.form_ == form_all && out.entries_ != ranks) return false;
  if (out.least_ >> 57 != 0 || out.list_slots_ > bytes.size() * 8) return false;
  if (out.form_ == form_bitmap) out.presence_ = in.bytes(bitmap_bytes(ranks)).data();
  if (out.form_ == form_ranks) out.presence_ = in.bytes(std::uint64_t{out.entries_} * 4).data();
  out.values_ = in.bytes(packed_bytes(out.entries_, out.width_)).data();
  out.lists_ = in.bytes(packed_bytes(out.list_slots_, out.list_width_)).data();
  return !in.bad && in.left() == 0;
}

bool Column::ordinals(std::uint32_t rank, std::vector<std::uint32_t>& out) const {
  if (rank >= ranks_) return false;
  std::uint32_t index = rank;
  if (form_ == form_bitmap) {
    const char* block = presence_ + std::size_t{rank / bits_per_count} * (4 + bits_per_count / 8);
    const std::uint32_t at = rank % bits_per_count;
    index = load<std::uint32_t>(block);
    for (std::uint32_t word = 0; word < at / 64; ++word)
      index += static_cast<std::uint32_t>(std::popcount(load<std::uint64_t>(block + 4 + word * 8)));
    const std::uint64_t word = load<std::uint64_t>(block + 4 + at / 64 * 8);
    if ((word >> (at % 64) & 1) == 0) return true;
    index += static_cast<std::uint32_t>(std::popcount(word & ((std::uint64_t{1} << (at % 64)) - 1)));
  } else if (form_ == form_ranks) {
    std::uint32_t low = 0, high = entries_;
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (load<std::uint32_t>(presence_ + std::size_t{middle} * 4) < rank)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == entries_ || load<std::uint32_t>(presence_ + std::size_t{low} * 4) != rank) return true;
    index = low;
  }
  if (index >= entries_) return false;
  const std::uint64_t value = unpack(values_, std::uint64_t{index} * width_, width_) + least_;
  if (value == value_none) return true;
  if (implied_) out.push_back(0);
  if (value == value_present) return implied_;
  if (value < value_ordinal + terms_) {
    out.push_back(static_cast<std::uint32_t>(value - value_ordinal));
    return true;
  }
  for (std::uint64_t slot = value - value_ordinal - terms_; slot < list_slots_; ++slot) {
    const std::uint64_t read = unpack(lists_, slot * list_width_, list_width_);
    const std::uint64_t ordinal = read >> 1;
    if (ordinal >= terms_) return false;
    out.push_back(static_cast<std::uint32_t>(ordinal));
    if (read & 1) return true;
  }
  return false;
}

}  // namespace search
