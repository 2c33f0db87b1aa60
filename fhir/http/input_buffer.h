// InputBuffer: what a socket has brought and the parser has not taken. No read may be under way when it moves (make_room, clear).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace http {

class InputBuffer {
 public:
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view unread() const { return {bytes_.data() + begin_, size()}; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  // Room for the next read: about `want` bytes, never less than half.
  void make_room(std::size_t want) {
    if (empty()) begin_ = end_ = 0;
    if (bytes_.size() - end_ < want / 2 && begin_ > 0) {
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() < end_ + want / 2) bytes_.resize(end_ + want);
  }
  char* room() { return bytes_.data() + end_; }
  std::size_t room_size() const { return bytes_.size() - end_; }
  void filled(std::size_t bytes) { end_ += bytes; }
  void clear() { begin_ = end_ = 0; }
  // Of an empty one: gives back what it took for a large body.
  void let_go() {
    clear();
    if (bytes_.capacity() > (64u << 10)) std::vector<char>().swap(bytes_);
  }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace http
