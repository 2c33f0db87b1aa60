// Plan::Body: an expression as operations, its paths as steps over element numbers. Internal to fhirpath/.
//
// A tree of operations, evaluated by recursion (run.h); within it, each stretch of plain path is one operation with a run of
// steps, walked depth first without intermediate collections (walk.h).
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "resources-gen/fhirpath/ast.h"
#include "resources-gen/fhirpath/value.h"

namespace fhirpath {

using OpId = std::uint32_t;
inline constexpr OpId no_op = 0xffffffff;

struct FunctionRow;  // functions.h
struct OperatorRow;  // operators.h

// What `is T`, `as T` and ofType(T) ask for: a FHIR type, a System type, or (Quantity) either.
struct TypeTest {
  model::TypeId type = model::no_type;
  bool exact = false;   // no derived types
  bool system = false;  // System values of `kind` pass
  ItemKind kind = ItemKind::type;
};

enum class StepKind : std::uint8_t {
  child,     // to the children of `element`
  children,  // to those of any of the elements [first, first + count) of Body::elements
  named,     // to the children called `text`, where only the instance tells the element
  value,     // from a primitive to its System value
  type,      // stay if of `type`
  equals,    // stay if the one child of `element` has the text `text`: where(x = 'text')
  resolves,  // stay if a reference to `type`: where(resolve() is T)
  at,        // stay if item number `first` of all that come here; counted in `slot`
};

struct Step {
  StepKind kind = StepKind::child;
  bool single = false;    // child, equals: at most one by the definition
  bool exact = false;     // type
  std::uint8_t slot = 0;  // at
  model::TypeId type = model::no_type;
  model::ElementId element = model::no_element;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::string_view text;
};
inline constexpr std::size_t max_slots = 8;

enum class OpKind : std::uint8_t {
  path,     // steps [first, first + count) from `input`, or from $this
  literal,  // literals[first]
  empty,
  self,
  index,
  total,
  resource,
  root_resource,
  context,
  call,     // function, over input with arguments [first, first + count)
  binary,   // operation: input, right
  sign,     // -input; `first` 1: negative
  indexer,  // input[right]
  unite,    // union of arguments [first, first + count)
  is,
  as,        // tests[first] of input
  resolves,  // whether input refers to tests[first]: resolve() is T
};

struct Op {
  OpKind kind = OpKind::empty;
  std::uint32_t position = 0;  // in the text, for failures
  OpId input = no_op;
  OpId right = no_op;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  const FunctionRow* function = nullptr;
  const OperatorRow* operation = nullptr;
  const re2::RE2* pattern = nullptr;  // of a function whose argument is a literal regular expression
};

struct Plan::Body {
  std::shared_ptr<const Ast> ast;  // owns the texts
  const model::Schema* schema = nullptr;
  std::vector<Op> ops;
  std::vector<Step> steps;
  std::vector<model::ElementId> elements;
  std::vector<OpId> arguments;
  std::vector<Value> literals;
  std::vector<TypeTest> tests;
  std::vector<std::unique_ptr<const re2::RE2>> patterns;
  std::vector<std::unique_ptr<const std::string>> strings;
  OpId root = no_op;
  std::vector<OpId> paths;   // if the plan is a path: its branches
  bool overlapping = false;  // two branches may give the same node
  std::vector<model::ElementId> results;
};

// With the dot for any character (N1 5.6.9: single line mode), and little memory for hostile ones.
std::unique_ptr<const re2::RE2> compiled_pattern(std::string_view pattern);
// Its instructions, and some for what it takes however short it is.
inline std::size_t size_of(const re2::RE2& pattern) { return 20 + static_cast<std::size_t>(pattern.ProgramSize()); }

bool passes(const Value& value, const TypeTest& test, const model::Schema& schema);

// The path operation's start: $this (no input), %context, %resource, %rootResource. Others are evaluated.
inline bool is_start(OpKind kind) {
  return kind == OpKind::self || kind == OpKind::context || kind == OpKind::resource || kind == OpKind::root_resource;
}

}  // namespace fhirpath
