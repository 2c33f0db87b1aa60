// Packer: stored bodies compressed with zstd, with dictionaries trained from the store's own bodies. Thread-safe, no locks.
//
// A packed body begins with its pack number, a varint: 0 as it is, 1 zstd, 2 and up zstd with that dictionary. New bodies take
// the newest dictionary; old ones are never dropped.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace store {

class Packer {
 public:
  static constexpr std::size_t first_dictionary = 2;
  static constexpr std::size_t max_dictionaries = 64;

  Packer();
  ~Packer();

  std::string pack(std::string_view body) const;
  // The body, with `spare` bytes more reserved. False if the bytes do not unpack or their dictionary is not there.
  bool unpack(std::string_view packed, std::string& out, std::size_t spare = 0) const;

  // Dictionaries in the order of their numbers. One caller at a time; false if the bytes are none, or there is no room for more.
  bool add_dictionary(std::string_view bytes);
  std::size_t dictionaries() const { return count_.load(std::memory_order_acquire); }

 private:
  struct Dictionary;
  std::array<std::unique_ptr<const Dictionary>, max_dictionaries> dictionaries_;
  std::atomic<std::size_t> count_{0};  // those below it are there, and stay
};

// The meta value that holds a dictionary, by its pack number.
std::string dictionary_key(std::size_t number);

// A dictionary from sample bodies; empty if they make none (too few, or all alike).
std::string train_dictionary(const std::vector<std::string>& samples);

}  // namespace store
