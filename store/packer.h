// Packer: stored bodies compressed with zstd, and with dictionaries trained from the store's own bodies. Thread-safe.
//
// A packed body begins with its pack number as a varint: 0 as it is, 1 zstd, 2 and up zstd with that dictionary (meta `dictionary.N`).
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace store {

class Packer {
 public:
  Packer();
  ~Packer();
  std::string pack(std::string_view body) const;
  // False if the bytes are damaged or their dictionary is not there.
  bool unpack(std::string_view packed, std::string& out) const;
  // Dictionaries in the order of their numbers, 2 first; new bodies are packed with the newest.
  void add_dictionary(std::string_view dictionary);
  std::size_t dictionaries() const;
  // A dictionary of at most `bytes` from sample bodies; empty if they do not make one.
  static std::string train(const std::vector<std::string>& samples, std::size_t bytes);

 private:
  struct Dictionary;
  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<const Dictionary>> dictionaries_;
};

}  // namespace store
