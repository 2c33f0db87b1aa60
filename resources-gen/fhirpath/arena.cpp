#include "resources-gen/fhirpath/arena.h"

#include <algorithm>
#include <cstring>

namespace fhirpath {

void* Arena::next_chunk(std::size_t bytes) {
  // Chunks kept from before a release are used again if they are large enough.
  while (chunk_ < chunks_.size()) {
    ++chunk_;
    used_ = 0;
    if (sizes_[chunk_ - 1] >= bytes) {
      used_ = bytes;
      return chunks_[chunk_ - 1].get();
    }
  }
  const std::size_t size =
      std::max(bytes, std::min<std::size_t>(std::size_t{16384} << std::min<std::size_t>(chunks_.size(), 6), 1 << 20));
  if (bytes > limit_ || total_ + size > limit_) throw ArenaFull{};
  chunks_.emplace_back(new std::byte[size]);
  sizes_.push_back(size);
  total_ += size;
  chunk_ = chunks_.size();
  used_ = bytes;
  return chunks_.back().get();
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* bytes = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

}  // namespace fhirpath
