// Run: one evaluation of a plan. Internal to fhirpath/.
//
// Functions answer false when the evaluation has failed; failure() then says why. Otherwise they append their results to `out`.
#pragma once

#include <optional>
#include <string>

#include "resources-gen/fhirpath/arena.h"
#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/plan.h"
#include "resources-gen/fhirpath/reference.h"

namespace fhirpath {

// What $this, $index and $total are.
struct Scope {
  Value self;
  bool empty = false;  // $this is empty: iif() over nothing
  std::int64_t index = 0;
  const Values* total = nullptr;
};

class Run {
 public:
  Run(const Plan::Body& body, model::NodeRef focus, const Environment& environment);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  bool evaluate(OpId id, const Scope& scope, Values& out);
  // N1 4.5 (singleton evaluation) as a boolean: nullopt for empty, true for one item that is no boolean. Fails on several.
  bool boolean(OpId id, const Scope& scope, std::optional<bool>& out);
  // The same of values at hand.
  bool boolean(const Values& values, std::optional<bool>& out);
  // One value or none; fails on several.
  bool single(const Values& values, std::optional<Value>& out);
  // The single System value of an operand; nullopt also for a node that has none.
  bool system(OpId id, const Scope& scope, std::optional<Value>& out);

  bool fail(std::string message);
  // Counts work, about 50 ns a tick; false once it is too much.
  bool charge(std::uint64_t ticks);

  const Plan::Body& body() const { return body_; }
  const model::Schema& schema() const { return *body_.schema; }
  Arena& arena() { return arena_; }
  Values values() { return Values(&arena_); }
  std::string_view keep(std::string_view text) { return arena_.copy(text); }
  // The moment of the evaluation, the same throughout: dateTime text.
  std::string_view now();
  const Scope& root_scope() const { return root_; }
  References& references() { return *environment_.references; }
  std::optional<model::Failure> failure() const;

 private:
  bool path(const Op& op, const Scope& scope, Values& out);
  bool unite(const Op& op, const Scope& scope, Values& out);
  bool sign(const Op& op, const Scope& scope, Values& out);
  bool indexer(const Op& op, const Scope& scope, Values& out);
  bool type_test(const Op& op, const Scope& scope, Values& out);
  bool resolves(const Op& op, const Scope& scope, Values& out);

  const Plan::Body& body_;
  Environment environment_;
  References own_references_;
  Scope root_;
  Arena arena_;
  std::uint64_t ticks_ = 0;
  std::uint64_t next_look_ = 0;  // at the clock
  std::uint32_t position_ = 0;
  bool too_costly_ = false;
  std::string message_;
  std::string now_;
};

}  // namespace fhirpath
