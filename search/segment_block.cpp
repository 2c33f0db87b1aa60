#include "search/segment_block.h"

namespace search {

std::string_view Part::separator(std::uint32_t block) const {
  const std::size_t begin = block == 0 ? 0 : row(block - 1).separator_end;
  const std::size_t end = row(block).separator_end;
  return begin <= end && end <= separators.size() ? separators.substr(begin, end - begin) : std::string_view();
}

std::uint32_t Part::block_of_ordinal(std::uint32_t ordinal) const {
  std::uint32_t low = 0, high = blocks;  // the last block whose first ordinal is at or below
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (row(middle).first_ordinal <= ordinal ? low : high) = middle;
  }
  return low;
}

std::uint32_t Part::block_of_term(std::string_view term) const {
  std::uint32_t low = 0, high = blocks;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (separator(middle) <= term ? low : high) = middle;
  }
  return low;
}

bool Block::open(const Part& part, std::uint32_t index) {
  const BlockRow row = part.row(index);
  if (row.position >= part.data.size()) return false;
  Input in{part.data.data() + row.position, part.data.data() + part.data.size()};
  first = row.first_ordinal;
  count = in.fixed<std::uint16_t>();
  const std::size_t term_bytes = in.fixed<std::uint16_t>();
  const std::size_t posting_bytes = in.fixed<std::uint16_t>();
  restarts = in.bytes(std::size_t{restart_count()} * 4).data();
  terms = in.bytes(term_bytes);
  postings = in.bytes(posting_bytes);
  return !in.bad && count > 0 && first < part.terms && count <= part.terms - first;
}

std::string_view Block::restart_term(std::uint32_t restart) const {
  const std::size_t at = terms_at(restart);
  if (at > terms.size()) return {};
  Input in{terms.data() + at, terms.data() + terms.size()};
  return in.text();
}

bool Block::postings_from(std::uint32_t ordinal, Input& out) const {
  const std::uint32_t index = ordinal - first;
  const std::size_t at = postings_at(index / restart_interval);
  if (index >= count || at > postings.size()) return false;
  out = Input{postings.data() + at, postings.data() + postings.size()};
  for (std::uint32_t i = index % restart_interval; i > 0; --i)
    if (Postings::skip(out) == 0) return false;
  return true;
}

void TermWalk::start(const Block& block, std::uint32_t restart) {
  const std::size_t at = block.terms_at(restart);
  in_ = Input{block.terms.data() + at, block.terms.data() + block.terms.size()};
  if (at > block.terms.size()) in_ = Input{nullptr, nullptr, true};
  first_ = block.first;
  next_ = block.first + restart * restart_interval;
  end_ = block.end();
  length_ = 0;
}

bool TermWalk::next() {
  if (next_ >= end_ || in_.bad) return false;
  std::uint64_t shared = 0, tail = 0;
  if ((next_ - first_) % restart_interval != 0) {
    const std::uint64_t head = in_.varint();
    shared = head >> 1;
    if (head & 1) tail = in_.varint();
  }
  const std::string_view middle = in_.text();
  const std::uint64_t length = shared + middle.size() + tail;
  if (in_.bad || shared > length_ || tail > length_ - shared || length > max_term_bytes) {
    in_.bad = true;
    return false;
  }
  std::memmove(term_ + length - tail, term_ + length_ - tail, tail);
  middle.copy(term_ + shared, middle.size());
  length_ = static_cast<std::uint32_t>(length);
  ++next_;
  return true;
}

bool TermCursor::next() {
  if (damaged_) return false;
  if (next_block_ == 0 || !walk_.next()) {
    if (next_block_ > 0 && walk_.damaged()) return !(damaged_ = true);
    if (next_block_ == part_->blocks) return false;
    const std::uint32_t expected = next_block_ == 0 ? 0 : block_.end();
    if (!block_.open(*part_, next_block_++) || block_.first != expected) return !(damaged_ = true);
    walk_.start(block_, 0);
    entries_ = Input{block_.postings.data(), block_.postings.data() + block_.postings.size()};
    if (!walk_.next()) return !(damaged_ = true);
  }
  if (!current_.read(entries_, part_->data, limit_)) return !(damaged_ = true);
  return true;
}

}  // namespace search
