// What the disk and bare LMDB do, for figures of durable writes to be compared with.
#pragma once

#include <string>

namespace bench {

// Prints a table: syncs of one page, and puts of 1 kB in commits of several sizes. Works in `directory`, a second each.
void baseline_disk(const std::string& directory);

}  // namespace bench
