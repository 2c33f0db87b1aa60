// FHIRPath over trees: parse, compile for a context type, evaluate.
//
// http://hl7.org/fhirpath/N1 (STU1, what R4 cites) and R4 fhirpath.html. An Expression is the syntax tree; a Plan is an
// Expression with its paths turned into element numbers of one schema. Both immutable, any thread may read. Evaluation allocates
// only what its results need. Bounded: nesting, evaluation steps and memory have limits (limits.h), each answered with a failure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/result.h"
#include "resources-gen/model/thread_clock.h"
#include "resources-gen/model/tree.h"

namespace fhirpath {

enum class ItemKind : std::uint8_t { node, boolean, integer, decimal, string, date, date_time, time, quantity, type };

// One value of a collection: a node of the tree, or a value of FHIRPath's own (System) types.
struct Item {
  ItemKind kind = ItemKind::node;
  model::NodeRef node;  // kind node
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;  // decimal (as written), string, date, date_time, time; of a quantity its value; of type() the name
  std::string unit;  // of a quantity the unit, "1" if none; of type() the namespace
};
using Collection = std::vector<Item>;

struct Ast;  // ast.h

class References;  // reference.h

class Expression {
 public:
  // Fails with the position of the fault (line and column within `text`) in its issue.
  static model::Result<Expression> parse(std::string_view text);
  const Ast& ast() const { return *ast_; }
  std::string_view text() const;

 private:
  friend class Plan;
  std::shared_ptr<const Ast> ast_;
};

// What an expression may ask of its surroundings. What is left empty is found from the focus.
struct Environment {
  model::NodeRef resource;       // %resource: the nearest resource that holds the focus
  model::NodeRef root_resource;  // %rootResource: the same, but of a contained resource its container
  // resolve() needs no look-up for `resolve() is T`: the type is read off the reference's text, else off Reference.type.
  // Otherwise resolve() finds contained resources and Bundle entries only.
  // They are looked for once for all evaluations that are given the same `references`, of one thread.
  References* references = nullptr;

  // By then it fails as too costly, on the thread that began it: for what clients send. What is counted (limits.h) is the same
  // on any machine, but only nearly as long.
  std::optional<model::ThreadClock::time_point> end = std::nullopt;
};

class Plan {
 public:
  struct Body;
  // `context` is the type (or element) that the expression starts from: the root element of a resource type for search and
  // for invariants of roots. Branches of a union that start at another resource type are dropped.
  // Fails, with line and column, on an unknown function, type or variable, and on a path that no instance of the context can
  // have.
  static model::Result<Plan> compile(const Expression& expression, const model::Schema& schema, model::ElementId context);
  // Appends the results, in document order, to `out`. Evaluation errors (a collection where one item is needed ...) are failures.
  model::Result<void> evaluate(model::NodeRef focus, const Environment& environment, Collection& out) const;
  // True if the plan is a plain path: then evaluate_nodes avoids Items altogether.
  bool is_path() const;
  // For plans whose results are nodes (all but a few search expressions): appends them to `out`; false if some result is no
  // node, or evaluation failed. Of a path's union each node comes once, but equal values of two nodes stay two.
  bool evaluate_nodes(model::NodeRef focus, const Environment& environment, std::vector<model::NodeRef>& out) const;
  // What its result nodes can be, each in the form that compile() takes as a context (the root of a data type, an inline
  // element): a composite search parameter's components compile for each. Empty if only evaluation can tell, or if no result is a
  // node.
  std::span<const model::ElementId> results() const;

 private:
  std::shared_ptr<const Body> body_;
};

}  // namespace fhirpath
