// Schema: the FHIR data model as integer-indexed rows over one string pool.
//
// R4's rows are generated (`r4()`); packages fill the same row types at run time. Immutable once made: any thread may read.
// Ids are positions in a schema's own spans and are never stored on disk: what is stored is named.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace model {

using TypeId = std::uint16_t;       // position in Schema::types
using ElementId = std::uint32_t;    // position in Schema::elements
using ParameterId = std::uint16_t;  // position in Schema::search_parameters
inline constexpr TypeId no_type = 0xffff;
inline constexpr ElementId no_element = 0xffffffff;
inline constexpr std::uint32_t no_row = 0xffffffff;
inline constexpr std::uint16_t unbounded = 0xffff;  // max cardinality *

struct Text {  // a string in the pool
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};
struct Range {  // rows [first, first + count) of another span
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

enum class TypeKind : std::uint8_t { primitive, complex, resource };

// What a primitive's JSON value is and which rule its text obeys. `none` for all types that are not primitive.
enum class Primitive : std::uint8_t {
  none,
  base64_binary,
  boolean,
  canonical,
  code,
  date,
  date_time,
  decimal,
  id,
  instant,
  integer,
  markdown,
  oid,
  positive_int,
  string,
  time,
  unsigned_int,
  uri,
  url,
  uuid,
  xhtml,
};

struct TypeRow {
  Text name;  // "Patient", "HumanName", "string"
  Text url;   // the StructureDefinition's canonical URL
  TypeKind kind;
  Primitive primitive;
  bool abstract;    // Element, BackboneElement, Resource, DomainResource
  bool constraint;  // derivation "constraint": SimpleQuantity, MoneyQuantity
  TypeId base;      // no_type for Element and Resource
  ElementId root;   // the first of elements: path "Patient"; of a constraint the constrained type's ("Quantity")
  Range elements;   // all of the type's snapshot elements, root first, breadth first
};

enum ElementFlag : std::uint16_t {
  element_choice = 1,  // name[x]
  element_modifier = 2,
  element_summary = 4,
  element_xml_attribute = 8,  // representation xmlAttr
  element_xhtml = 16,         // representation xhtml
};

struct ElementTypeRow {  // one allowed type of an element
  TypeId type;
  Range targets;  // rows of target_types: for Reference, the resource types allowed (empty: any)
  Text profile;   // first of type.profile, empty if none (R4 itself: SimpleQuantity only)
};

struct ElementRow {
  Text path;         // "Observation.component.value[x]"
  Text name;         // last segment without "[x]": "value"
  TypeId owner;      // the type whose snapshot this is
  ElementId parent;  // no_element for a root
  Range children;    // consecutive rows of elements, in the definition's order
  std::uint16_t min;
  std::uint16_t max;            // unbounded for *
  std::uint16_t flags;          // ElementFlag
  Range types;                  // rows of element_types; empty where content_reference is set
  ElementId content_reference;  // no_element if none
  Range constraints;            // rows of element_constraints, each a position in constraints
  std::uint32_t binding;        // row of bindings, no_row if none
};

enum class BindingStrength : std::uint8_t { required, extensible, preferred, example };
struct BindingRow {
  BindingStrength strength;
  Text value_set;          // canonical, with |version as given; empty where R4 only describes the set
  std::uint32_t code_set;  // row of code_sets (only for strength required), no_row if not expandable
  Text max_value_set;
};

struct ConstraintRow {  // distinct by (key, severity, human, expression, source)
  Text key;
  bool error;  // else warning
  Text human;
  Text expression;
  Text source;
};

struct CodeRow {
  Text system;
  Text code;
  Text display;
};
struct CodeSetRow {
  Text value_set;  // canonical without version
  Range codes;     // rows of codes, sorted by (code, system)
};

// http://hl7.org/fhir/R4/valueset-search-param-type.html
enum class ParameterType : std::uint8_t { number, date, string, token, reference, composite, quantity, uri, special };

struct ComponentRow {
  Text expression;
  ParameterId parameter;  // the component's definition
};
struct SearchParameterRow {
  Text code;  // the name used in URLs
  Text id;
  Text url;
  Text description;
  Text expression;  // the whole union as defined; empty for _text, _content, _query
  ParameterType type;
  Range bases;       // rows of parameter_bases: TypeIds, "Resource" and "DomainResource" as such
  Range targets;     // rows of parameter_bases too
  Range components;  // rows of components
  bool multiple_or;
  bool multiple_and;
};

struct CompartmentParameterRow {
  TypeId type;
  Text parameter;  // code of a search parameter, or "{def}"
};
struct CompartmentRow {
  Text code;         // "Patient"
  Text url;          // the CompartmentDefinition's canonical
  Range parameters;  // rows of compartment_parameters
};

struct OperationRow {  // the R4 specification's own OperationDefinitions
  Text code;           // without "$"
  Text url;
  bool affects_state;
  bool system;
  bool type;
  bool instance;
  Range resources;  // rows of parameter_bases
};

class Schema {
 public:
  std::string_view pool;
  std::span<const TypeRow> types;
  std::span<const ElementRow> elements;
  std::span<const ElementTypeRow> element_types;
  std::span<const TypeId> target_types;
  std::span<const std::uint32_t> element_constraints;
  std::span<const BindingRow> bindings;
  std::span<const ConstraintRow> constraints;
  std::span<const CodeSetRow> code_sets;
  std::span<const CodeRow> codes;
  std::span<const SearchParameterRow> search_parameters;
  std::span<const ComponentRow> components;
  std::span<const TypeId> parameter_bases;
  std::span<const CompartmentRow> compartments;
  std::span<const CompartmentParameterRow> compartment_parameters;
  std::span<const OperationRow> operations;
  std::string_view version;  // "4.0.1"

  std::string_view text(Text t) const { return pool.substr(t.offset, t.length); }
  std::string_view type_name(TypeId type) const { return text(types[type].name); }
  template <typename Row>
  static std::span<const Row> rows(std::span<const Row> all, Range range) {
    return all.subspan(range.first, range.count);
  }

  // The type of that name, no_type if none. O(1).
  TypeId type(std::string_view name) const;
  // A concrete resource type of that name (what may stand in a URL), no_type if none.
  TypeId resource_type(std::string_view name) const;
  bool is_a(TypeId type, TypeId base) const;  // reflexive; follows TypeRow::base

  // The element whose children an instance of `element` holding a value of `type` has: the element itself for
  // inline (Backbone) content, the referenced element for a content reference, else the root of `type`.
  ElementId children_owner(ElementId element, TypeId type) const;

  struct Child {
    ElementId element = no_element;
    TypeId type = no_type;  // the one type; for a choice the type that the JSON name picks
  };
  // The child of `owner` (from children_owner) that JSON calls `json_name`: "birthDate", "valueQuantity"; no leading
  // underscore. {no_element, no_type} if there is none. O(1). For contained, Bundle.entry.resource and
  // Parameters.parameter.resource the type is that of Resource: the instance's resourceType decides. A primitive's `value` is
  // no child: JSON writes it as the primitive itself.
  Child child(ElementId owner, std::string_view json_name) const;
  // The child of `owner` by its FHIRPath name ("value" for value[x]); no_element if none. O(1).
  ElementId child_by_name(ElementId owner, std::string_view name) const;

  // Builds the look-up tables behind type(), child() and child_by_name(): needed once the rows are filled, before those are
  // called. r4() has done it. Throws std::length_error for an element name over 255 bytes.
  void index();

 private:
  struct Lookup;
  std::shared_ptr<const Lookup> lookup_;  // copies of a schema share it
};

// The generated R4 (4.0.1) schema, indexed. First call indexes it (about a millisecond).
const Schema& r4();

// The generated rows without indexes; defined in the generated tables.cpp.
Schema r4_tables();

}  // namespace model
