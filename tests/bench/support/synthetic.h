// Synthetic patients in the shape of Synthea's: people, encounters, observations, conditions, medications, claims; any number,
// seeded.
//
// The same (seed, patient) always gives the same bytes. No real person, no copied content.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Resource {
  std::string type;
  std::string id;
  std::string json;  // minified
};

class Synthetic {
 public:
  explicit Synthetic(std::uint64_t seed) : seed_(seed) {}

  // Organizations, locations and practitioners that patients refer to: the same for every patient number.
  std::vector<Resource> shared() const;
  // One patient and its record: about 60 resources, references as "Type/id".
  std::vector<Resource> patient(std::uint64_t number) const;
  // The same as a transaction Bundle: POST entries, urn:uuid references inside.
  std::string transaction(std::uint64_t number) const;

  // Single bodies for write workloads: realistic, distinct by `n`.
  std::string body(std::string_view type, std::uint64_t n) const;
  // One Patient and one Observation that refers to it, as a transaction.
  std::string small_transaction(std::uint64_t n) const;

 private:
  std::uint64_t seed_;
};

// The types of the create-read-update-delete workload.
const std::vector<std::string>& cycle_types();

}  // namespace bench
