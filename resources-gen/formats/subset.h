// Subset: a part of a resource, as _summary and _elements ask for it.
//
// R4 search.html#summary, #elements. README.md, "Subsets", says what each keeps. Bytes are copied from the resource as they are:
// no parse, no tree, one pass. What lost something is tagged SUBSETTED, so that nobody takes it for the whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/tree.h"

namespace formats {

struct Subset {
  enum class Kind : std::uint8_t {
    whole,
    summary,  // _summary=true: elements marked isSummary, at every level
    text,     // _summary=text: text, id, meta and what is mandatory at the top level
    data,     // _summary=data: all but text
    elements  // _elements: those listed
  };
  struct Name {
    model::TypeId type = model::no_type;  // of resources of this type only; no_type: of any
    std::string name;                     // FHIRPath name: "value" for value[x]
  };
  Kind kind = Kind::whole;
  std::vector<Name> elements;

  bool whole() const { return kind == Kind::whole; }
};

// The subset that a value of _summary names; nullopt if none: `count`, or a value without meaning.
std::optional<Subset::Kind> summary_kind(std::string_view value);

// A value of _elements, read: "name,Patient.gender,value[x]".
struct ElementList {
  std::vector<Subset::Name> names;
  std::string applied;               // what was taken, as a value of _elements
  std::vector<std::string> unknown;  // a sentence for each that was not, or not as it was written
};
// `type`: of the resources that the list is for; no_type: of several types.
ElementList read_elements(std::string_view value, const model::Schema& schema, model::TypeId type);

// The subset of a resource in minified JSON, one that read_json() took without errors. Unchanged if nothing is left out.
std::string subset(std::string_view json, const model::Schema& schema, const Subset& wanted);

// The tag that marks a resource as incomplete, if it has it.
model::NodeRef subsetted_tag(model::NodeRef resource);

}  // namespace formats
