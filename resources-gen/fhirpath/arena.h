// Arena: the memory of one evaluation: bump allocation, given back to a mark or all at once, with a limit.
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace fhirpath {

struct ArenaFull {};  // thrown by allocation beyond the limit; Plan::evaluate turns it into a failure

class Arena final : public std::pmr::memory_resource {
 public:
  explicit Arena(std::size_t limit) : limit_(limit) {}

  struct Mark {
    std::size_t chunk, used;
  };
  Mark mark() const { return {chunk_, used_}; }
  // What was allocated since is free again.
  void release(Mark mark) {
    chunk_ = mark.chunk;
    used_ = mark.used;
  }
  std::string_view copy(std::string_view text);

 private:
  struct Chunk {
    std::byte* bytes;
    std::size_t size;
  };
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    const std::size_t begin = (used_ + alignment - 1) & ~(alignment - 1);
    if (begin + bytes <= current().size) {
      used_ = begin + bytes;
      return current().bytes + begin;
    }
    return next_chunk(bytes);
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  Chunk current() { return chunk_ == 0 ? Chunk{first_, sizeof first_} : Chunk{chunks_[chunk_ - 1].get(), sizes_[chunk_ - 1]}; }
  void* next_chunk(std::size_t bytes);

  alignas(std::max_align_t) std::byte first_[4096];
  std::vector<std::unique_ptr<std::byte[]>> chunks_;  // chunk i is chunks_[i - 1]
  std::vector<std::size_t> sizes_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
  std::size_t total_ = 0;
  std::size_t limit_;
};

}  // namespace fhirpath
