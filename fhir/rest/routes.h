// Routes: the one table of what is answered. Dispatch, Allow headers and the CapabilityStatement read it.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "fhir/rest/exchange.h"

namespace rest {

// Where the CapabilityStatement lists an interaction; erasures, which R4 has no code for, in its documentation, and only where
// they are allowed are they answered.
enum class Level : std::uint8_t { none, system, type, erasure };

struct Route {
  std::string_view method;
  Shape shape;
  std::string_view interaction;  // for the access log
  Handler handler;
  Level level = Level::none;
  std::array<std::string_view, 2> codes{};  // of the CapabilityStatement: system-restful-interaction or type-restful-interaction
};

std::span<const Route> routes();

// "GET, HEAD, PUT, DELETE, OPTIONS"
std::string allowed_methods(Shape shape, const ServiceOptions& options);
std::string all_methods();  // of any shape

// Parses, negotiates, and hands the exchange to its route's handler. `prepared` (entries of a Bundle) carries in_bundle, lane and
// access; its other members are filled here. Content-Type, Warning, X-Request-Id and, of 404 and 405, Allow are added on the way
// out.
void dispatch(const Context& context, ExchangePtr exchange, Done done);

}  // namespace rest
