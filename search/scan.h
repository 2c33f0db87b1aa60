// Terms and scans: the currency between the parameter types, the index, and the planner (README.md, "One idea").
//
// A term is bytes; within one parameter their memcmp order is meaningful. A Scan selects a range of a parameter's sorted terms; a
// Clause is a union of scans, perhaps negated. The same clause runs over segments (index.h) and over one document's own terms
// (matches()).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/schema.h"
#include "store/store.h"

namespace search {

// One parameter of one resource type: what a posting list is under. Pseudo-parameters stand above the schema's ids.
struct IndexKey {
  model::TypeId type = model::no_type;
  model::ParameterId parameter = 0;
  bool operator==(const IndexKey&) const = default;
  auto operator<=>(const IndexKey&) const = default;
};
// Every document of the type that is not a tombstone, under the one empty term.
inline constexpr model::ParameterId every_document = 0xffff;

// Each parameter's terms begin with a tag byte that keeps kinds of term apart.
inline constexpr char tag_present = '\x01';  // the term of that one byte: the parameter has a value (`:missing`)
inline constexpr char tag_value = '\x02';    // then the type's own encoding; types may use further tags from \x03 on

struct Term {
  model::ParameterId parameter;
  std::string bytes;  // at most max_term_bytes: longer values are cut and end with a 16-byte hash
};
inline constexpr std::size_t max_term_bytes = 480;
// Raise when any parameter type's terms change: segments made under another number are made anew from the store at the next
// start.
inline constexpr std::uint32_t term_format = 3;

// The terms of one version, sorted by (parameter, bytes), each once; includes tag_present terms and the every_document term.
class DocumentTerms : public store::IndexEntry {
 public:
  model::TypeId type = model::no_type;
  std::vector<Term> terms;
};

using TermPredicate = std::function<bool(std::string_view term)>;

struct Scan {
  std::string low;                                 // first term >= low ...
  std::string high;                                // ... and < high; empty: to the end of the parameter
  std::shared_ptr<const TermPredicate> predicate;  // null: every term of the range
  bool unique = false;  // exactly one term: low; then high is low + '\0'. Answered through the Bloom filter
  bool selects(std::string_view term) const {
    return term >= low && (high.empty() || term < high) && (!predicate || (*predicate)(term));
  }
};
Scan exact_scan(std::string term);                  // unique
Scan prefix_scan(std::string prefix);               // all terms that begin so
std::string after_prefix(std::string_view prefix);  // the least string above all that begin with prefix; empty: none

struct Clause {
  IndexKey key;
  std::vector<Scan> scans;  // a union (the values of an OR)
  bool negated = false;     // documents of the type that the union does not hold
  std::string label;        // for _explain: "code=http://loinc.org|1234-5"
};

// Does a document with these terms satisfy the clause? The one matcher.
bool matches(const DocumentTerms& document, const Clause& clause);

}  // namespace search
