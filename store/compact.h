// Compaction: a store written anew, so that nothing that was erased, replaced or freed is left in its files. README.md,
// "Erasure".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/schema.h"
#include "store/engine.h"

namespace store {

struct Compaction {
  std::uint64_t documents = 0, erased = 0;  // of them
  std::uint64_t bytes_before = 0, bytes_after = 0;
};

// Writes all that `source`, of this program's format, holds to the empty `target`: bodies packed with a dictionary trained from
// what is left, derived meta values (by their names in Store::meta) left out. Nothing writes to the source meanwhile.
model::Result<Compaction> rewrite(const Engine& source, Engine& target, const std::vector<std::string>& derived);

// rewrite() of the store in a directory, which nobody else may hold, beside it; then the new file takes the old one's place. A
// kill at any moment leaves the old store or the new one, and perhaps a folder `compact`, which the next opening removes.
model::Result<Compaction> compact(const std::string& directory, const model::Schema& schema,
                                  const std::vector<std::string>& derived);

}  // namespace store
