// Batch and transaction: the two ways of processing a Bundle's entries. R4 http.html#transaction.
#pragma once

#include <memory>
#include <vector>

#include "fhir/rest/entry.h"
#include "resources-gen/formats/json.h"

namespace rest {

using ReadBundle = std::shared_ptr<const formats::ReadResult>;

// Each entry as if it came alone; waits for the writes, on the worker. batch.cpp
void batch(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries, Done done);
// All entries or none, as one operation of the store. transaction.cpp
void transaction(const Context& context, ExchangePtr exchange, ReadBundle bundle, std::vector<Entry> entries, Done done);

}  // namespace rest
