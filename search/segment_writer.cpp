#include "search/segment_writer.h"

#include <algorithm>
#include <stdexcept>

#include "search/bloom.h"
#include "search/scan.h"
#include "search/segment_postings.h"

namespace search {
namespace {

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const std::size_t least = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < least && a[i] == b[i]) ++i;
  return i;
}

std::size_t shared_suffix(std::string_view a, std::string_view b) {
  const std::size_t least = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < least && a[a.size() - 1 - i] == b[b.size() - 1 - i]) ++i;
  return i;
}

}  // namespace

SegmentWriter::SegmentWriter(SegmentOutput& out, store::Document base, std::uint32_t size, bool checksums)
    : out_(out), base_(base), size_(size), checksums_(checksums) {
  std::string header(segment_magic);
  put<std::uint32_t>(header, segment_format);
  put<std::uint32_t>(header, 0);
  emit(header);
}

void SegmentWriter::emit(std::string_view bytes) {
  if (checksums_) crc_ = crc32c(crc_, bytes);
  position_ += bytes.size();
  out_.append(bytes);
}

void SegmentWriter::documents(std::span<const std::string_view> types, std::vector<std::uint8_t> kinds) {
  if (types.size() >= no_kind) throw std::length_error("a segment holds at most 254 resource types");
  kinds_ = std::move(kinds);
  ranks_.assign(size_, 0);
  type_counts_.assign(types.size(), 0);
  std::string local, counts;
  local.reserve(size_);
  std::vector<std::uint32_t> at_block(types.size());
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (i % rank_block == 0) {
      at_block = type_counts_;
      counts.append(reinterpret_cast<const char*>(at_block.data()), at_block.size() * sizeof(std::uint32_t));
    }
    const std::uint8_t kind = kinds_[i];
    if (kind == no_kind) {
      local.push_back('\0');
      continue;
    }
    local.push_back(static_cast<char>(type_counts_[kind] - at_block[kind]));
    ranks_[i] = type_counts_[kind]++;
  }
  put_varint(types_, types.size());
  for (std::size_t t = 0; t < types.size(); ++t) {
    put_text(types_, types[t]);
    put_varint(types_, type_counts_[t]);
  }
  crc_ = 0;
  put_varint(documents_part_, position_);
  emit({reinterpret_cast<const char*>(kinds_.data()), kinds_.size()});
  emit(local);
  emit(counts);
  put<std::uint32_t>(documents_part_, crc_);
}

void SegmentWriter::superseded(std::vector<Superseded> pairs) {
  std::sort(pairs.begin(), pairs.end(),
            [](const Superseded& a, const Superseded& b) { return a.old != b.old ? a.old < b.old : a.by < b.by; });
  std::vector<std::uint32_t> order(pairs.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return pairs[a].by < pairs[b].by; });
  crc_ = 0;
  put_varint(pairs_part_, pairs.size());
  put_varint(pairs_part_, position_);
  std::string bytes;
  bytes.reserve(pairs.size() * 16);
  for (const auto& pair : pairs) put<std::uint64_t>(bytes, pair.old);
  for (const auto& pair : pairs) put<std::uint32_t>(bytes, pair.by);
  for (const std::uint32_t i : order) put<std::uint32_t>(bytes, i);
  emit(bytes);
  put<std::uint32_t>(pairs_part_, crc_);
}

void SegmentWriter::begin(std::size_t type, std::string_view name, bool column, bool bloom) {
  type_ = type;
  name_ = name;
  with_column_ = column;
  with_bloom_ = bloom;
  region_ = position_;
  crc_ = 0;
  terms_ = 0;
  postings_ = 0;
  last_term_.clear();
  last_of_block_.clear();
  rows_.clear();
  separators_.clear();
  column_.clear();
  hashes_.clear();
}

void SegmentWriter::term(std::string_view term, std::span<const std::uint32_t> offsets) {
  if (terms_ > 0 && term <= last_term_) throw std::runtime_error("terms out of order");
  if (term.size() > max_term_bytes || offsets.empty()) throw std::runtime_error("no term: too long, or without documents");
  if (block_count_ > 0 && block_terms_.size() + block_postings_.size() + restarts_.size() >= block_target) close_block();
  if (block_count_ == 0) {
    block_separator_ = terms_ == 0 ? std::string_view() : term.substr(0, shared_prefix(last_term_, term) + 1);
    block_postings_count_ = postings_;
  }
  if (block_count_ % restart_interval == 0) {
    put<std::uint16_t>(restarts_, static_cast<std::uint16_t>(block_terms_.size()));
    put<std::uint16_t>(restarts_, static_cast<std::uint16_t>(block_postings_.size()));
    put_text(block_terms_, term);
  } else {
    // What it shares with the one before: at its beginning always, at its end where that pays (the system behind a code).
    const std::size_t shared = shared_prefix(last_term_, term);
    std::size_t tail = shared_suffix(std::string_view(last_term_).substr(shared), term.substr(shared));
    if (tail < suffix_least) tail = 0;
    put_varint(block_terms_, shared << 1 | (tail > 0));
    if (tail > 0) put_varint(block_terms_, tail);
    put_text(block_terms_, term.substr(shared, term.size() - shared - tail));
  }
  if (offsets.size() <= short_list) {
    encode_short(offsets, block_postings_);
  } else {
    scratch_.clear();
    encode_long(offsets, scratch_);
    encode_long_entry(offsets.size(), position_ - region_, block_postings_);
    emit(scratch_);
  }
  const bool presence = terms_ == 0 && term.size() == 1 && term[0] == tag_present;
  std::uint32_t previous = 0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const std::uint32_t offset = offsets[i];
    if (offset >= size_ || kinds_[offset] != type_ || (i > 0 && offset <= previous))
      throw std::runtime_error("documents out of order, or of another type");
    previous = offset;
    if (!with_column_) continue;
    if (presence)
      column_.add_present(ranks_[offset]);
    else
      column_.add(ranks_[offset], terms_);
  }
  if (with_bloom_) hashes_.push_back(hash_term(term));
  last_term_.assign(term);
  postings_ += offsets.size();
  ++terms_;
  ++block_count_;
}

void SegmentWriter::close_block() {
  separators_ += block_separator_;
  rows_.push_back(
      {position_ - region_, block_postings_count_, terms_ - block_count_, static_cast<std::uint32_t>(separators_.size())});
  scratch_.clear();
  put<std::uint16_t>(scratch_, static_cast<std::uint16_t>(block_count_));
  put<std::uint16_t>(scratch_, static_cast<std::uint16_t>(block_terms_.size()));
  put<std::uint16_t>(scratch_, static_cast<std::uint16_t>(block_postings_.size()));
  scratch_ += restarts_;
  scratch_ += block_terms_;
  scratch_ += block_postings_;
  emit(scratch_);
  block_terms_.clear();
  block_postings_.clear();
  restarts_.clear();
  block_count_ = 0;
}

void SegmentWriter::end() {
  if (terms_ == 0) return;  // nothing was emitted
  close_block();
  put_varint(parameters_, type_);
  put_text(parameters_, name_);
  put_varint(parameters_, terms_);
  put_varint(parameters_, postings_);
  put_varint(parameters_, region_);
  put_varint(parameters_, position_ - region_);
  put_varint(parameters_, rows_.size());
  put_varint(parameters_, separators_.size());
  emit({reinterpret_cast<const char*>(rows_.data()), rows_.size() * sizeof(BlockRow)});
  emit(separators_);
  scratch_.clear();
  if (with_column_) column_.write(type_counts_[type_], terms_, scratch_);
  put_varint(parameters_, scratch_.size());
  emit(scratch_);
  scratch_.clear();
  if (with_bloom_ && terms_ >= bloom_least_terms) Bloom::write(hashes_, scratch_);
  put_varint(parameters_, scratch_.size());
  emit(scratch_);
  put<std::uint32_t>(parameters_, crc_);
  ++parameter_count_;
}

void SegmentWriter::finish() {
  SegmentFooter footer{};
  footer.directory_position = position_;
  std::string directory = types_ + documents_part_ + pairs_part_;
  put_varint(directory, parameter_count_);
  directory += parameters_;
  footer.directory_crc = directory_crc_ = crc32c(0, directory);
  emit(directory);
  segment_magic.copy(footer.magic, sizeof footer.magic);
  footer.base = base_;
  footer.size = size_;
  footer.format = segment_format;
  footer.directory_bytes = directory.size();
  footer.file_bytes = position_ + sizeof footer;
  footer.crc = crc32c(0, {reinterpret_cast<const char*>(&footer), sizeof footer - sizeof footer.crc});
  emit({reinterpret_cast<const char*>(&footer), sizeof footer});
}

}  // namespace search
