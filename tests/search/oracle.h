// A naive search: every resource in a map of Boost.JSON, every query a scan over all of them.
//
// Written from R4 search.html alone, sharing nothing with extraction, the index or the planner: what both agree on is probably
// right. It knows a handful of types and parameters, and queries as the generator makes them (single-word strings, decimals of at
// most three places).
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace oracle {

using Random = std::mt19937_64;
inline std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

enum class Kind { string, token, date, number, quantity, reference, uri, composite };

// One value of one parameter: the members that its kind uses.
struct Value {
  std::string text;                // string, uri, "Type/id", a token's code
  std::string system;              // token, quantity
  std::string code, unit;          // quantity
  std::int64_t low = 0, high = 0;  // date: [low, high) in seconds
  std::int64_t number = 0;         // number, quantity: millionths
  bool caseless = false;           // token of a ContactPoint
};

struct Parameter {
  std::string type, code;
  Kind kind;
  std::function<std::vector<Value>(const boost::json::object&)> values;
};
const std::vector<Parameter>& parameters();
const Parameter* parameter(const std::string& type, const std::string& code);

struct Criterion {  // name:modifier=a,b
  std::string name, modifier;
  std::vector<std::string> values;
};
struct Search {
  std::vector<std::string> types;  // in any order
  bool by_type = true;             // [type]; else all types, or those of `_type`
  bool named = false;              // `_type` names them
  std::string owner;               // "Patient/r1": of this compartment
  std::vector<Criterion> criteria;
  std::vector<std::string> sort;  // "-date"
  std::string path() const;
  std::string url() const;
};

struct Resource {
  boost::json::object json;
  std::uint64_t sequence = 0;  // of its newest write
  std::uint64_t version = 0;
  std::int64_t updated = 0;  // ms
};

class Oracle {
 public:
  std::map<std::string, std::map<std::string, Resource>> types;  // alive, by type and id
  // ("Type/id", version) in order.
  std::vector<std::pair<std::string, std::uint64_t>> run(const Search& search) const;

 private:
  bool satisfies(const std::string& type, const std::string& id, const Resource& resource, const Criterion& criterion) const;
  bool belongs(const std::string& owner, const std::string& type, const std::string& id, const Resource& resource) const;
};

// Random resources and searches over small pools, so that matches are many.
boost::json::object random_resource(Random& random, const std::string& type, const std::string& id);
Search random_search(Random& random);
extern const std::vector<std::string> type_names;
// R4 compartmentdefinition.html, by hand, for these types: whether a resource of the type can be in the compartment, and where
// the references are that put it there.
struct Membership {
  std::string compartment, type;
  std::vector<std::string> references;
};
extern const std::vector<Membership> memberships;
// True if all of the types have the parameter, of one kind.
bool common(const std::vector<std::string>& types, const std::string& code);

}  // namespace oracle
