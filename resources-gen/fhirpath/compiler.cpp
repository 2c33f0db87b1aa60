#include "resources-gen/fhirpath/compiler.h"

#include <algorithm>
#include <array>

#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/operators.h"

namespace fhirpath {
namespace {

using model::ElementId;
using model::no_element;
using model::no_type;
using model::TypeId;

bool is_upper(std::string_view name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }

// N1 section 9 and R4 fhirpath.html#variables.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> text_variables = {{
    {"ucum", "http://unitsofmeasure.org"},
    {"sct", "http://snomed.info/sct"},
    {"loinc", "http://loinc.org"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> prefixed_variables = {{
    {"vs-", "http://hl7.org/fhir/ValueSet/"},
    {"ext-", "http://hl7.org/fhir/StructureDefinition/"},
}};

}  // namespace

Compiler::Compiler(Plan::Body& body, ElementId context) : body_(body), ast_(*body.ast), schema_(*body.schema), context_(context) {
  add_element(schema_, context, context_shape_);
}

std::optional<model::Failure> Compiler::run() {
  const Typed root = compile(ast_.root, context_shape_);
  if (failed()) return failure_at(ast_.text, position_, message_);
  finish(root);
  return std::nullopt;
}

Compiler::Typed Compiler::fail(std::uint32_t position, std::string message) {
  if (!failed()) {
    position_ = position;
    message_ = std::move(message);
  }
  return {};
}

OpId Compiler::add(Op op) {
  body_.ops.push_back(op);
  return static_cast<OpId>(body_.ops.size() - 1);
}

OpId Compiler::add(OpKind kind, const AstNode& node) { return add(Op{.kind = kind, .position = node.position}); }

OpId Compiler::path_of(OpId input, std::uint32_t position) {
  const Op& op = body_.ops[input];
  if (op.kind == OpKind::path && op.first + op.count == body_.steps.size()) return input;
  return add(Op{.kind = OpKind::path,
                .position = position,
                .input = op.kind == OpKind::self ? no_op : input,
                .first = static_cast<std::uint32_t>(body_.steps.size())});
}

void Compiler::step(OpId path, Step step) {
  body_.steps.push_back(step);
  ++body_.ops[path].count;
}

Compiler::Typed Compiler::compile(AstId id, const Shape& self) {
  const AstNode& node = ast_.nodes[id];
  if (body_.ops.size() + body_.steps.size() > max_compiled) return fail(node.position, "the expression is too large");
  switch (node.kind) {
    case AstKind::literal:
      return literal(node);
    case AstKind::empty:
      return {add(OpKind::empty, node), {}};
    case AstKind::member:
      return member(node, self);
    case AstKind::function:
      return function(node, self);
    case AstKind::self:
      return {add(OpKind::self, node), self};
    case AstKind::index:
      return {add(OpKind::index, node), Shape::values()};
    case AstKind::total:
      return {add(OpKind::total, node), Shape::anything()};
    case AstKind::variable:
      return variable(node);
    case AstKind::indexer:
      return indexer(node, self);
    case AstKind::sign: {
      const Typed input = compile(node.left, self);
      if (failed()) return {};
      Op op{.kind = OpKind::sign, .position = node.position, .input = input.op};
      op.first = node.operation == Operation::subtract ? 1 : 0;
      return {add(op), Shape::values()};
    }
    case AstKind::binary:
      return binary(node, self);
    case AstKind::union_of:
      return unite(node, self);
    case AstKind::type_test:
      return type_operator(node, self);
  }
  return fail(node.position, "not understood");
}

Compiler::Typed Compiler::literal(const AstNode& node) {
  Op op{.kind = OpKind::literal, .position = node.position};
  op.first = static_cast<std::uint32_t>(body_.literals.size());
  Value value = Value::of(node.literal, node.text, node.unit);
  value.boolean = node.boolean;
  value.integer = node.integer;
  body_.literals.push_back(value);
  return {add(op), Shape::values()};
}

Compiler::Typed Compiler::member(const AstNode& node, const Shape& self) {
  if (node.left == no_ast && is_upper(node.text) && schema_.type(node.text) != no_type) return start_type(node, self);
  Typed input;
  if (node.left == no_ast) {
    input = {add(OpKind::self, node), self};
  } else {
    input = compile(node.left, self);
    if (failed()) return {};
  }
  Elements elements;
  Shape found;
  follow(schema_, input.shape, node.text, elements, found);
  const bool by_value = found.system;
  if (input.shape.dynamic) found = Shape::anything();
  if (elements.empty() && !by_value && !input.shape.dynamic && !input.shape.nothing()) {
    return fail(node.position, "there is no element '" + std::string(node.text) + "' in " + described(input.shape));
  }
  const OpId path = path_of(input.op, node.position);
  if (input.shape.dynamic || (by_value && !elements.empty())) {
    step(path, {.kind = StepKind::named, .text = node.text});
  } else if (by_value) {
    step(path, {.kind = StepKind::value});
  } else if (elements.size() == 1) {
    step(path, {.kind = StepKind::child, .single = schema_.elements[elements[0]].max == 1, .element = elements[0]});
  } else {
    Step next{.kind = StepKind::children};
    next.first = static_cast<std::uint32_t>(body_.elements.size());
    next.count = static_cast<std::uint32_t>(elements.size());
    body_.elements.insert(body_.elements.end(), elements.begin(), elements.end());
    step(path, next);
  }
  return {path, std::move(found)};
}

// Patient.name: the type's name stands for the context, if that is of the type (R4 fhirpath.html#using).
Compiler::Typed Compiler::start_type(const AstNode& node, const Shape& self) {
  const TypeId type = schema_.type(node.text);
  if (!starts_here(type, self)) {
    return fail(node.position, "the path starts at " + std::string(node.text) + ", but stands in " + described(self));
  }
  const OpId start = add(OpKind::self, node);
  if (!self.dynamic) {
    Shape shape = narrowed(schema_, self, type, false);
    if (shape.covers(self)) return {start, std::move(shape)};
  }
  const OpId path = path_of(start, node.position);
  step(path, {.kind = StepKind::type, .type = type});
  return {path, narrowed(schema_, self, type, false)};
}

bool Compiler::starts_here(TypeId type, const Shape& self) const {
  return self.dynamic ||
         std::any_of(self.states.begin(), self.states.end(), [&](const State& state) { return schema_.is_a(state.type, type); });
}

TypeId Compiler::leading_type(AstId id) const {
  while (ast_.nodes[id].left != no_ast) id = ast_.nodes[id].left;
  const AstNode& node = ast_.nodes[id];
  return node.kind == AstKind::member && is_upper(node.text) ? schema_.type(node.text) : no_type;
}

Compiler::Typed Compiler::variable(const AstNode& node) {
  if (node.text == "context") return {add(OpKind::context, node), context_shape_};
  if (node.text == "resource") {
    Shape shape;
    const TypeId owner = schema_.elements[context_].owner;
    if (schema_.types[owner].kind == model::TypeKind::resource) {
      add_type(schema_, owner, true, shape);
    } else {
      shape.dynamic = true;
    }
    return {add(OpKind::resource, node), std::move(shape)};
  }
  if (node.text == "rootResource") return {add(OpKind::root_resource, node), {.dynamic = true}};
  AstNode text = node;
  text.literal = ItemKind::string;
  for (const auto& [name, value] : text_variables) {
    text.text = value;
    if (node.text == name) return literal(text);
  }
  for (const auto& [prefix, url] : prefixed_variables) {
    if (!node.text.starts_with(prefix)) continue;
    std::string value = std::string(url) + std::string(node.text.substr(prefix.size()));
    text.text = *body_.strings.emplace_back(std::make_unique<const std::string>(std::move(value)));
    return literal(text);
  }
  return fail(node.position, "unknown variable %" + std::string(node.text));
}

Compiler::Typed Compiler::unite(const AstNode& node, const Shape& self) {
  boost::container::small_vector<OpId, 4> branches;
  Shape shape;
  TypeId foreign = no_type;
  for (AstId branch = node.first; branch != no_ast; branch = ast_.nodes[branch].next) {
    // One expression serves several types: Condition.code | Observation.code. What starts at another type is left out.
    const TypeId type = leading_type(branch);
    if (type != no_type && !starts_here(type, self)) {
      foreign = type;
      continue;
    }
    Typed typed = compile(branch, self);
    if (failed()) return {};
    branches.push_back(typed.op);
    shape.add(typed.shape);
  }
  if (branches.empty()) {
    return fail(node.position,
                "no path starts at " + described(self) + ", the last at " + std::string(schema_.type_name(foreign)));
  }
  if (branches.size() == 1 && foreign != no_type) return {branches[0], std::move(shape)};
  Op op{.kind = OpKind::unite, .position = node.position};
  op.first = static_cast<std::uint32_t>(body_.arguments.size());
  op.count = static_cast<std::uint32_t>(branches.size());
  body_.arguments.insert(body_.arguments.end(), branches.begin(), branches.end());
  return {add(op), std::move(shape)};
}

Compiler::Typed Compiler::indexer(const AstNode& node, const Shape& self) {
  Typed input = compile(node.left, self);
  if (failed()) return {};
  const AstNode& index = ast_.nodes[node.right];
  const bool known =
      index.kind == AstKind::literal && index.literal == ItemKind::integer && index.integer >= 0 && index.integer < 0xffffffff;
  if (known && body_.ops[input.op].kind == OpKind::path && slots_ < max_slots) {
    const OpId path = path_of(input.op, node.position);
    if (path == input.op) {
      step(path, {.kind = StepKind::at, .slot = slots_++, .first = static_cast<std::uint32_t>(index.integer)});
      return {path, std::move(input.shape)};
    }
  }
  const Typed right = compile(node.right, self);
  if (failed()) return {};
  return {add(Op{.kind = OpKind::indexer, .position = node.position, .input = input.op, .right = right.op}),
          std::move(input.shape)};
}

Compiler::Typed Compiler::binary(const AstNode& node, const Shape& self) {
  const Typed left = compile(node.left, self);
  if (failed()) return {};
  const Typed right = compile(node.right, self);
  if (failed()) return {};
  Op op{.kind = OpKind::binary, .position = node.position, .input = left.op, .right = right.op};
  op.operation = &operator_row(node.operation);
  return {add(op), Shape::values()};
}

std::string Compiler::described(const Shape& shape) const {
  if (shape.states.empty()) return shape.dynamic ? "a resource of any type" : "a value";
  std::string text(schema_.text(schema_.elements[shape.states[0].owner].path));
  if (shape.states.size() > 1)
    text += " (nor in " + std::to_string(shape.states.size() - 1) + " other types that may stand there)";
  return text;
}

// What the plan is as a whole: a path or not, and what it gives.
void Compiler::finish(const Typed& root) {
  body_.root = root.op;
  if (!root.shape.dynamic && !root.shape.system) {
    for (const State& state : root.shape.states) {
      if (std::find(body_.results.begin(), body_.results.end(), state.owner) == body_.results.end())
        body_.results.push_back(state.owner);
    }
  }
  // $this, %resource and the like as paths of no steps, so that a path is all that the fast evaluation knows.
  const auto as_path = [&](OpId id) {
    const OpKind kind = body_.ops[id].kind;
    return is_start(kind) ? path_of(id, body_.ops[id].position) : id;
  };
  const Op top = body_.ops[root.op];
  if (top.kind == OpKind::unite) {
    for (std::uint32_t i = 0; i < top.count; ++i) body_.paths.push_back(as_path(body_.arguments[top.first + i]));
  } else {
    body_.paths.push_back(as_path(root.op));
  }
  bool path = true;
  for (const OpId id : body_.paths) {
    const Op& op = body_.ops[id];
    path = path && op.kind == OpKind::path && (op.input == no_op || is_start(body_.ops[op.input].kind));
    for (std::uint32_t i = 0; path && i < op.count; ++i) {
      const Step& step = body_.steps[op.first + i];
      path = step.kind != StepKind::value && !(step.kind == StepKind::named && step.text == "value");
    }
  }
  if (!path) body_.paths.clear();
  // Two branches can meet unless their last element differs.
  const auto last_element = [&](OpId id) {
    const Op& op = body_.ops[id];
    for (std::uint32_t i = op.count; i-- > 0;) {
      const Step& step = body_.steps[op.first + i];
      if (step.kind == StepKind::child) return step.element;
      if (step.kind == StepKind::children || step.kind == StepKind::named) break;
    }
    return no_element;
  };
  for (std::size_t i = 0; i < body_.paths.size() && !body_.overlapping; ++i) {
    const ElementId element = last_element(body_.paths[i]);
    for (std::size_t j = 0; j < i; ++j) {
      const ElementId other = last_element(body_.paths[j]);
      body_.overlapping = body_.overlapping || element == no_element || other == no_element || element == other;
    }
  }
}

}  // namespace fhirpath
