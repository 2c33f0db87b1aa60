// The plain model that a store is compared with: every version in a vector.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/store/support.h"

namespace tests {

struct PlainVersion {
  store::Version version;
  std::string type_name;
  std::string text;
  bool erased = false;
};

struct PlainStore {
  std::vector<PlainVersion> documents;  // document n is at n - 1
  std::map<std::pair<std::string, std::string>, std::vector<store::Document>> resources;

  // Adds the version that a put of it has to make.
  store::Version add(const std::string& type_name, const std::string& id, const std::string& text, store::Method method,
                     store::Commit commit, std::int64_t now);
  // Marks what an erasure takes away; returns how many versions, nothing if it has to fail.
  std::optional<std::uint64_t> erase(const std::string& type_name, const std::string& id, store::Erasure::Extent extent,
                                     std::uint64_t version);
  const std::vector<store::Document>* chain(const std::string& type_name, const std::string& id) const;
  void compare_ranges(const store::Store& store, std::mt19937_64& random, store::Document first, store::Document end,
                      std::size_t limit) const;
  // Every read of the store, for a random choice of arguments, gives what the model has.
  void compare(const store::Store& store, std::uint64_t seed, int reads) const;
};

bool same(const store::Version& a, const store::Version& b);

}  // namespace tests
