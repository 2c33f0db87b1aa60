// FHIRPath's functions: one row each. To add one: a row in its group's table, and a function. Internal to fhirpath/.
#pragma once

#include <span>
#include <string_view>

#include "resources-gen/fhirpath/run.h"

namespace fhirpath {

// What the results can be, for the compiler.
enum class Gives : std::uint8_t {
  system,      // System values
  input,       // items of the input
  anything,    // known at run time
  projected,   // what the first argument gives
  merged,      // items of the input or of the first argument
  chosen,      // what the second or third argument gives: iif
  repeated,    // what the first argument gives, over its own results too: repeat
  extensions,  // the input's children called extension
};

struct Call {
  Run& run;
  const Op& op;
  const Scope& scope;  // of the call
  const Values& input;
  Values& out;

  std::size_t count() const { return op.count; }
  OpId argument(std::size_t i) const { return run.body().arguments[op.first + i]; }
  // Appends and reports success: `return call.give(...)`.
  bool give(Value value) {
    out.push_back(value);
    return true;
  }
  bool give(bool value) { return give(Value::of(value)); }
  bool give_text(std::string_view text) { return give(Value::of(ItemKind::string, run.keep(text))); }
  bool fail(std::string message) { return run.fail(std::string(name()) + "(): " + std::move(message)); }
  std::string_view name() const;
  // The input as one System value, nullopt if it is empty or without value. Fails on several, and on what has none by its type.
  bool one(std::optional<Value>& value);
  // The same of a string. What it costs to look through it is charged.
  bool text(std::optional<std::string_view>& value);
  // An argument, evaluated where the call stands.
  bool values(std::size_t i, Values& values) { return run.evaluate(argument(i), scope, values); }
  bool argument_text(std::size_t i, std::optional<std::string_view>& value);
  bool argument_integer(std::size_t i, std::optional<std::int64_t>& value);
};

struct FunctionRow {
  std::string_view name;
  std::uint8_t least, most;    // arguments
  std::string_view arguments;  // of each: v evaluated where the call stands, e for each item of the input, s with the whole
                               // input as $this, t a type, r v that is a regular expression
  Gives gives;
  bool (*evaluate)(Call& call);
};

const FunctionRow* find_function(std::string_view name);

// The groups, by the sections of N1.
std::span<const FunctionRow> existence_functions();   // 5.1
std::span<const FunctionRow> selection_functions();   // 5.2 to 5.4, 7
std::span<const FunctionRow> conversion_functions();  // 5.5
std::span<const FunctionRow> string_functions();      // 5.6
std::span<const FunctionRow> math_functions();        // 5.7
std::span<const FunctionRow> tree_functions();        // 5.8, 5.9, 6.3, R4 fhirpath.html#functions
std::span<const FunctionRow> boundary_functions();    // of later versions: precision, boundaries

}  // namespace fhirpath
