// Target: the path and query of a request, taken apart.
//
// Percent-decoding is done by hand: FHIR clients send raw `|`, `>` and UTF-8 in queries, which RFC 3986 parsers refuse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/schema.h"
#include "search/search.h"

namespace rest {

enum class Shape : std::uint8_t {
  base,                // [base]
  metadata,            // [base]/metadata
  system_history,      // [base]/_history
  system_search,       // [base]/_search
  changes,             // [base]/_changes
  type,                // [base]/[type]
  type_search,         // [base]/[type]/_search
  type_history,        // [base]/[type]/_history
  instance,            // [base]/[type]/[id]
  instance_history,    // [base]/[type]/[id]/_history
  version,             // [base]/[type]/[id]/_history/[vid]
  compartment,         // [base]/[type]/[id]/[member] and [base]/[type]/[id]/*
  compartment_search,  // the same with /_search behind, and [base]/[type]/[id]/_search
  async_job,           // [base]/_async/[id]
  nothing,             // a path of no other shape
};
// True of addresses that a search is sent to by POST: there, alone, a POST reads.
constexpr bool takes_form(Shape shape) {
  return shape == Shape::type_search || shape == Shape::system_search || shape == Shape::compartment_search;
}
// True of addresses at which GET is a search.
constexpr bool is_search(Shape shape) {
  return takes_form(shape) || shape == Shape::type || shape == Shape::base || shape == Shape::compartment;
}

struct Target {
  Shape shape = Shape::base;
  model::TypeId type = model::no_type;
  std::string id;
  std::string version;
  model::TypeId member = model::no_type;    // of a compartment: the type searched; no_type: all of its types
  std::vector<search::Argument> arguments;  // decoded, in the order sent
  bool slash_behind = false;                // the path has one at its end
};

// Takes a path and query below the base ("Patient/1?_pretty=true", "" for the base itself); one leading slash and one at the end
// do no harm. Fails with 400 on a bad escape, 404 on a path that names nothing.
model::Result<Target> parse_relative(std::string_view text, const model::Schema& schema);
// Takes an origin-form target below `base_path`: "/fhir/Patient/1".
model::Result<Target> parse_target(std::string_view target, std::string_view base_path, const model::Schema& schema);

// "a=1&b=2" as arguments; empty parts are skipped. `where` says in diagnostics what was read ("the query"). Fails on more than
// search::max_arguments, before it has read them.
model::Result<std::vector<search::Argument>> parse_query(std::string_view query, std::string_view where);
// The arguments of a target that read, whatever its path and the others are.
std::vector<search::Argument> arguments_of(std::string_view target);
// Undoes %XX, and '+' for a space if `form`. Fails on a bad escape, NUL, or what is not UTF-8.
model::Result<std::string> percent_decode(std::string_view text, bool form, std::string_view where);
// Appends `text` to a query, escaping what must not stand in one.
void append_query_value(std::string& out, std::string_view text);

bool is_id(std::string_view text);  // R4 datatypes.html#id: [A-Za-z0-9\-\.]{1,64}

}  // namespace rest
