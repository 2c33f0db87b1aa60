#include "search/segment_run.h"

#include <algorithm>

namespace search {
namespace {

class OwnedBytes final : public SegmentBytes {
 public:
  explicit OwnedBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string_view bytes() const override { return bytes_; }
  const std::string& path() const override { return path_; }

 private:
  const std::string bytes_, path_;
};

}  // namespace

std::unique_ptr<SegmentBytes> owned_bytes(std::string bytes) { return std::make_unique<OwnedBytes>(std::move(bytes)); }

std::shared_ptr<const Run> Run::open(std::unique_ptr<SegmentBytes> bytes, const Keys& keys, bool verify, std::string& fault) {
  auto run = std::make_shared<Run>();
  run->bytes_ = std::move(bytes);
  if (!run->parse(keys, verify, fault)) return nullptr;
  return run;
}

bool Run::parse(const Keys& keys, bool verify, std::string& fault) {
  const std::string_view all = bytes_->bytes();
  const auto refuse = [&](const char* why) {
    fault = why;
    return false;
  };
  if (all.size() < segment_header_bytes + segment_footer_bytes || !all.starts_with(segment_magic)) return refuse("is no segment");
  const auto footer = load<SegmentFooter>(all.data() + all.size() - sizeof(SegmentFooter));
  const std::string_view footer_bytes(reinterpret_cast<const char*>(&footer), sizeof footer - sizeof footer.crc);
  if (std::string_view(footer.magic, sizeof footer.magic) != segment_magic || crc32c(0, footer_bytes) != footer.crc)
    return refuse("has a damaged footer");
  if (footer.format != segment_format) return refuse("is of another format");
  const std::size_t body = all.size() - sizeof footer;
  if (footer.file_bytes != all.size() || footer.size == 0 || footer.base == 0 || footer.directory_position > body ||
      footer.directory_bytes > body - footer.directory_position)
    return refuse("has a damaged footer");
  base_ = footer.base;
  size_ = footer.size;
  const std::string_view directory = all.substr(footer.directory_position, footer.directory_bytes);
  if (verify && crc32c(0, directory) != footer.directory_crc) return refuse("has a damaged directory");
  directory_crc_ = footer.directory_crc;

  Input in{directory.data(), directory.data() + directory.size()};
  const std::uint64_t types = in.varint();
  if (types >= no_kind) return refuse("has a damaged directory");
  for (std::uint64_t t = 0; t < types && !in.bad; ++t) {
    types_.push_back(in.text());
    type_ids_.push_back(keys.schema().resource_type(types_.back()));
    type_counts_.push_back(static_cast<std::uint32_t>(in.varint()));
  }
  const auto region = [&](std::uint64_t position, std::uint64_t length) {
    if (position > footer.directory_position || length > footer.directory_position - position) {
      in.bad = true;
      return std::string_view();
    }
    return all.substr(position, length);
  };
  const std::uint64_t rank_bytes = (std::uint64_t{size_} + rank_block - 1) / rank_block * types * 4;
  documents_part_ = region(in.varint(), std::uint64_t{size_} * 2 + rank_bytes);
  documents_crc_ = in.fixed<std::uint32_t>();
  const std::uint64_t pairs = in.varint();
  if (pairs > 0xffffffff) in.bad = true;
  pairs_ = static_cast<std::uint32_t>(pairs);
  pairs_part_ = region(in.varint(), pairs * 16);
  pairs_crc_ = in.fixed<std::uint32_t>();
  if (in.bad) return refuse("has a damaged directory");
  if (verify && (crc32c(0, documents_part_) != documents_crc_ || crc32c(0, pairs_part_) != pairs_crc_))
    return refuse("has damaged documents or pairs");
  kinds_ = documents_part_.data();
  local_ranks_ = kinds_ + size_;
  rank_rows_ = local_ranks_ + size_;
  olds_ = pairs_part_.data();
  bys_ = olds_ + pairs * 8;
  pair_order_ = bys_ + pairs * 4;

  const std::uint64_t parts = in.varint();
  if (in.bad || parts > directory.size()) return refuse("has a damaged directory");
  parts_.resize(parts);
  slots_.reserve(parts);
  for (std::uint32_t i = 0; i < parts; ++i) {
    if (!parse_part(in, keys, parts_[i])) return refuse("has a damaged directory");
    if (parts_[i].key.type != model::no_type) slots_.emplace_back(parts_[i].key, i);
  }
  std::sort(slots_.begin(), slots_.end());
  return true;
}

bool Run::parse_part(Input& in, const Keys& keys, Part& part) const {
  const std::uint64_t type = in.varint();
  part.name = in.text();
  const std::uint64_t terms = in.varint();
  part.postings = in.varint();
  const std::uint64_t position = in.varint(), data = in.varint(), blocks = in.varint(), separators = in.varint();
  const std::uint64_t column = in.varint(), bloom = in.varint();
  part.crc = in.fixed<std::uint32_t>();
  const std::string_view all = bytes_->bytes();
  const std::uint64_t limit = all.size() - sizeof(SegmentFooter);
  if (in.bad || type >= types_.size() || terms == 0 || terms > 0xffffffff || blocks == 0 || blocks > terms) return false;
  for (const std::uint64_t length : {position, data, blocks * sizeof(BlockRow), separators, column, bloom})
    if (length > limit) return false;
  if (position + data + blocks * sizeof(BlockRow) + separators + column + bloom > limit) return false;
  part.type = static_cast<std::uint8_t>(type);
  part.terms = static_cast<std::uint32_t>(terms);
  part.blocks = static_cast<std::uint32_t>(blocks);
  part.region = all.substr(position, data + blocks * sizeof(BlockRow) + separators + column + bloom);
  Input regions{part.region.data(), part.region.data() + part.region.size()};
  part.data = regions.bytes(data);
  part.rows = regions.bytes(blocks * sizeof(BlockRow));
  part.separators = regions.bytes(separators);
  part.has_column = column > 0;
  if (part.has_column && !Column::open(regions.bytes(column), type_counts_[type], part.terms, part.column)) return false;
  if (!Bloom::open(regions.bytes(bloom), part.bloom)) return false;
  const Keys::Row* row = keys.find(types_[type], part.name);
  part.key = row ? row->key : IndexKey{};
  return true;
}

int Run::slot(IndexKey key) const {
  const auto at =
      std::lower_bound(slots_.begin(), slots_.end(), key, [](const auto& slot, IndexKey k) { return slot.first < k; });
  return at != slots_.end() && at->first == key ? static_cast<int>(at->second) : -1;
}

bool Run::block(const Part& part, std::uint32_t index, Block& out) const {
  if (out.open(part, index)) return true;
  doubt();
  return false;
}

std::uint32_t Run::lower_bound(const Part& part, std::string_view term, bool& exact) const {
  exact = false;
  Block here;
  if (!block(part, part.block_of_term(term), here)) return part.terms;
  std::uint32_t low = 0, high = here.restart_count();
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (here.restart_term(middle) <= term ? low : high) = middle;
  }
  TermWalk walk;
  walk.start(here, low);
  while (walk.next()) {
    const int order = walk.term().compare(term);
    if (order < 0) continue;
    exact = order == 0;
    return walk.ordinal();
  }
  if (walk.damaged()) doubt();
  return here.end();
}

Ordinals Run::find(int slot, const Scan& scan) const {
  const Part& part = this->part(slot);
  bool exact = false;
  if (scan.unique) {
    if (!part.bloom.empty() && !part.bloom.may_hold(hash_term(scan.low))) return {};
    const std::uint32_t at = lower_bound(part, scan.low, exact);
    return exact ? Ordinals{at, at + 1} : Ordinals{};
  }
  const std::uint32_t first = scan.low.empty() ? 0 : lower_bound(part, scan.low, exact);
  const std::uint32_t last = scan.high.empty() ? part.terms : lower_bound(part, scan.high, exact);
  return first < last ? Ordinals{first, last} : Ordinals{};
}

void Run::each_term(int slot, Ordinals range,
                    const std::function<bool(std::uint32_t, std::string_view, std::uint32_t)>& fn) const {
  const Part& part = this->part(slot);
  range.last = std::min(range.last, part.terms);
  if (range.first >= range.last) return;
  for (std::uint32_t index = part.block_of_ordinal(range.first); index < part.blocks; ++index) {
    Block here;
    if (!block(part, index, here)) return;
    const std::uint32_t skip = range.first > here.first ? (range.first - here.first) / restart_interval : 0;
    if (skip >= here.restart_count()) return doubt();
    Input entries;
    TermWalk walk;
    walk.start(here, skip);
    if (!here.postings_from(here.first + skip * restart_interval, entries)) return doubt();
    while (walk.next()) {
      if (walk.ordinal() >= range.last) return;
      const std::uint64_t count = Postings::skip(entries);
      if (count == 0) return doubt();
      if (walk.ordinal() >= range.first && !fn(walk.ordinal(), walk.term(), static_cast<std::uint32_t>(count))) return;
    }
    if (walk.damaged()) return doubt();
    if (here.end() >= range.last) return;
  }
}

void Run::append_term(int slot, std::uint32_t ordinal, std::string& out) const {
  const Part& part = this->part(slot);
  Block here;
  if (ordinal >= part.terms || !block(part, part.block_of_ordinal(ordinal), here)) return;
  if (ordinal < here.first || ordinal >= here.end()) return doubt();
  TermWalk walk;
  walk.start(here, (ordinal - here.first) / restart_interval);
  while (walk.next())
    if (walk.ordinal() == ordinal) {
      out += walk.term();
      return;
    }
  doubt();
}

bool Run::postings_at(const Part& part, std::uint32_t ordinal, Postings& out) const {
  Block here;
  Input entries;
  if (ordinal >= part.terms || !block(part, part.block_of_ordinal(ordinal), here)) return false;
  if (ordinal >= here.first && here.postings_from(ordinal, entries) && out.read(entries, part.data, size_)) return true;
  doubt();
  return false;
}

std::uint64_t Run::count_before(const Part& part, std::uint32_t ordinal) const {
  if (ordinal >= part.terms) return part.postings;
  const std::uint32_t index = part.block_of_ordinal(ordinal);
  Block here;
  if (!block(part, index, here)) return 0;
  std::uint64_t sum = part.row(index).count_before;
  Input entries{here.postings.data(), here.postings.data() + here.postings.size()};
  for (std::uint32_t at = here.first; at < ordinal; ++at) sum += Postings::skip(entries);
  if (entries.bad) doubt();
  return sum;
}

std::uint64_t Run::count(int slot, Ordinals range) const {
  const Part& part = this->part(slot);
  if (range.first >= range.last || range.first >= part.terms) return 0;
  Postings list;
  if (range.last - range.first == 1) return postings_at(part, range.first, list) ? list.count() : 0;
  const std::uint64_t before = count_before(part, range.first), all = count_before(part, range.last);
  return all > before ? all - before : 0;
}

void Run::unite(int slot, Ordinals range, std::span<std::uint64_t> bitmap) const {
  const Part& part = this->part(slot);
  range.last = std::min(range.last, part.terms);
  if (range.first >= range.last || bitmap.size() < (std::size_t{size_} + 63) / 64) return;
  std::uint32_t at = range.first;
  for (std::uint32_t index = part.block_of_ordinal(at); at < range.last && index < part.blocks; ++index) {
    Block here;
    Input entries;
    Postings list;
    if (!block(part, index, here)) return;
    if (at < here.first || !here.postings_from(at, entries)) return doubt();
    for (; at < range.last && at < here.end(); ++at)
      if (!list.read(entries, part.data, size_) || !list.unite(bitmap)) return doubt();
  }
}

std::size_t Run::newest(int slot, std::uint32_t ordinal, std::uint32_t below, std::span<std::uint32_t> out) const {
  Postings list;
  std::size_t found = 0;
  if (postings_at(part(slot), ordinal, list) && !list.newest(std::min(below, size_), out, found)) doubt();
  return found;
}

void Run::postings(int slot, std::uint32_t ordinal, std::vector<std::uint32_t>& out) const {
  Postings list;
  if (postings_at(part(slot), ordinal, list) && !list.append(out)) doubt();
}

bool Run::contains(int slot, std::uint32_t ordinal, std::uint32_t offset) const {
  Postings list;
  bool held = false;
  if (offset < size_ && postings_at(part(slot), ordinal, list) && !list.contains(offset, held)) doubt();
  return held;
}

std::uint32_t Run::rank(std::uint32_t offset) const {
  const std::size_t row = std::size_t{offset / rank_block} * types_.size() + kinds()[offset];
  return load<std::uint32_t>(rank_rows_ + row * 4) + static_cast<std::uint8_t>(local_ranks_[offset]);
}

void Run::ordinals_of(int slot, std::uint32_t offset, std::vector<std::uint32_t>& out) const {
  const Part& part = this->part(slot);
  if (!part.has_column || offset >= size_ || kinds()[offset] != part.type) return;
  if (!part.column.ordinals(rank(offset), out)) doubt();
}

std::uint32_t Run::first_pair_old(Document old) const {
  std::uint32_t low = 0, high = pairs_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (pair_old(middle) < old)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

std::uint32_t Run::first_pair_after(Document by) const {
  std::uint32_t low = 0, high = pairs_;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    const std::uint32_t pair = pair_in_order(middle);
    if (pair >= pairs_ || pair_by(pair) <= by)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace search
