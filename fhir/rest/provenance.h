// Provenance: what the X-Provenance header of a write asks for: a Provenance of all that the write makes, in the same commit.
//
// R4 provenance.html#header: the header holds a Provenance in JSON without `target`; the server fills that in with the versions
// that came to be. Where nothing was written (If-None-Exist found a match) there is none.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fhir/rest/exchange.h"

namespace rest {

struct Provenance {
  std::string text;  // as sent: a Provenance without target
  std::string id;    // that it will have
  std::optional<store::Version> made;
};

// Reads the header into exchange.provenance, if it was sent. 400 if it is no Provenance, 422 with every fault of its content or
// if it has a target.
model::Result<void> read_provenance(const Context& context, Exchange& exchange);

// The operation, and after it, if it wrote something, the exchange's Provenance with those versions as targets.
store::Operation with_provenance(const Context& context, const ExchangePtr& exchange, store::Operation operation);

}  // namespace rest
