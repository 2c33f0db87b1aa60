// Compiling function calls and type tests.

#include <array>

#include "resources-gen/fhirpath/compiler.h"
#include "resources-gen/fhirpath/limits.h"

namespace fhirpath {
namespace {

using model::no_element;
using model::no_type;
using model::TypeId;

constexpr std::array<std::pair<std::string_view, ItemKind>, 8> system_types = {{
    {"Boolean", ItemKind::boolean},
    {"String", ItemKind::string},
    {"Integer", ItemKind::integer},
    {"Decimal", ItemKind::decimal},
    {"Date", ItemKind::date},
    {"DateTime", ItemKind::date_time},
    {"Time", ItemKind::time},
    {"Quantity", ItemKind::quantity},
}};

// Type names that published expressions get wrong: in `as` and ofType, nodes of the FHIR type pass as well.
struct TypeAlias {
  std::string_view written, meant;
};
constexpr std::array<TypeAlias, 1> aliases = {{{"DateTime", "dateTime"}}};  // R4 SearchParameter Observation-code-value-date

// Whether a primitive equals a string literal exactly if its text is the literal's.
bool compares_as_text(model::Primitive primitive) {
  switch (primitive) {
    case model::Primitive::code:
    case model::Primitive::id:
    case model::Primitive::string:
    case model::Primitive::uri:
    case model::Primitive::url:
    case model::Primitive::canonical:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool passes(const Value& value, const TypeTest& test, const model::Schema& schema) {
  if (!value.is_node()) return test.system && value.kind == test.kind;
  if (test.type == no_type) return false;
  return value.node.type() == test.type || (!test.exact && schema.is_a(value.node.type(), test.type));
}

bool Compiler::parse_type(std::string_view specifier, bool is, std::uint32_t position, TypeTest& test) {
  std::string_view name = specifier;
  const bool fhir_only = name.starts_with("FHIR.");
  const bool system_only = name.starts_with("System.");
  if (fhir_only) name.remove_prefix(5);
  if (system_only) name.remove_prefix(7);
  if (!system_only) test.type = schema_.type(name);
  if (!fhir_only) {
    for (const auto& [system, kind] : system_types) {
      if (name != system) continue;
      test.system = true;
      test.kind = kind;
    }
  }
  if (!is && !system_only) {
    for (const TypeAlias& alias : aliases) {
      if (name == alias.written) test.type = schema_.type(alias.meant);
    }
  }
  // The official suite and R4's own parameters (uri beside canonical) take a primitive as its own type only, though `is` follows
  // derivation.
  test.exact = !is && test.type != no_type && schema_.types[test.type].kind == model::TypeKind::primitive;
  if (test.type == no_type && !test.system && !system_only) {
    fail(position, "unknown type " + std::string(specifier));
    return false;
  }
  return true;
}

// is(FHIR.Patient): the argument was parsed as a path.
std::optional<std::string> Compiler::specifier_of(AstId argument) const {
  const AstNode& node = ast_.nodes[argument];
  if (node.kind == AstKind::literal && node.literal == ItemKind::string) return std::string(node.text);
  if (node.kind != AstKind::member) return std::nullopt;
  if (node.left == no_ast) return std::string(node.text);
  const AstNode& left = ast_.nodes[node.left];
  if (left.kind != AstKind::member || left.left != no_ast) return std::nullopt;
  return std::string(left.text) + "." + std::string(node.text);
}

Compiler::Typed Compiler::type_operator(const AstNode& node, const Shape& self) {
  return test_type(node.left, node.text, node.operation == Operation::is, node.position, self);
}

Compiler::Typed Compiler::test_type(AstId left, std::string_view specifier, bool is, std::uint32_t position, const Shape& self) {
  TypeTest test;
  if (!parse_type(specifier, is, position, test)) return {};
  // resolve() is Patient: the reference itself tells its type.
  bool resolves = false;
  if (is && left != no_ast && test.type != no_type) {
    const AstNode& function = ast_.nodes[left];
    if (function.kind == AstKind::function && function.text == "resolve" && function.first == no_ast) {
      resolves = true;
      left = function.left;
    }
  }
  Typed input;
  if (left == no_ast) {
    input = {add(Op{.kind = OpKind::self, .position = position}), self};
  } else {
    input = compile(left, self);
    if (failed()) return {};
  }
  Op op{.kind = is ? OpKind::is : OpKind::as, .position = position, .input = input.op};
  if (resolves) op.kind = OpKind::resolves;
  if (is) {
    op.first = static_cast<std::uint32_t>(body_.tests.size());
    body_.tests.push_back(test);
    return {add(op), Shape::values()};
  }
  Shape shape;
  if (test.type != no_type) shape = narrowed(schema_, input.shape, test.type, test.exact);
  shape.system = test.system && input.shape.system;
  if (test.type != no_type && !shape.system) {
    const OpId path = path_of(input.op, position);
    step(path, {.kind = StepKind::type, .exact = test.exact, .type = test.type});
    return {path, std::move(shape)};
  }
  op.first = static_cast<std::uint32_t>(body_.tests.size());
  body_.tests.push_back(test);
  return {add(op), std::move(shape)};
}

Compiler::Typed Compiler::function(const AstNode& node, const Shape& self) {
  const FunctionRow* row = find_function(node.text);
  if (!row) return fail(node.position, "unknown function '" + std::string(node.text) + "()'");
  std::size_t count = 0;
  for (AstId argument = node.first; argument != no_ast; argument = ast_.nodes[argument].next) ++count;
  if (count < row->least || count > row->most) {
    std::string wanted = std::to_string(row->least);
    if (row->most != row->least) wanted += " to " + std::to_string(row->most);
    return fail(node.position, std::string(node.text) + "() takes " + wanted + " arguments, not " + std::to_string(count));
  }
  if (row->arguments == "t") {
    const auto specifier = specifier_of(node.first);
    if (!specifier) return fail(node.position, std::string(node.text) + "() takes a type");
    return test_type(node.left, *specifier, row->name == "is", node.position, self);
  }
  Typed input;
  if (node.left == no_ast) {
    input = {add(OpKind::self, node), self};
  } else {
    input = compile(node.left, self);
    if (failed()) return {};
  }
  if (row->name == "where") {
    if (Typed typed = filtered(node, input); typed.op != no_op || failed()) return typed;
  }
  return call(*row, node, std::move(input), self);
}

// where(system = 'phone') and where(resolve() is Patient) as steps of the path.
Compiler::Typed Compiler::filtered(const AstNode& node, Typed& input) {
  const AstNode& criterion = ast_.nodes[node.first];
  const OpKind kind = body_.ops[input.op].kind;
  if ((kind != OpKind::path && !is_start(kind)) || input.shape.dynamic || input.shape.system) return {};
  if (criterion.kind == AstKind::type_test && criterion.operation == Operation::is) {
    const AstNode& left = ast_.nodes[criterion.left];
    if (left.kind != AstKind::function || left.text != "resolve" || left.left != no_ast || left.first != no_ast) return {};
    TypeTest test;
    if (!parse_type(criterion.text, true, criterion.position, test) || test.type == no_type) return {};
    const OpId path = path_of(input.op, node.position);
    step(path, {.kind = StepKind::resolves, .type = test.type});
    return {path, std::move(input.shape)};
  }
  if (criterion.kind != AstKind::binary || criterion.operation != Operation::equal) return {};
  const AstNode& left = ast_.nodes[criterion.left];
  const AstNode& right = ast_.nodes[criterion.right];
  if (left.kind != AstKind::member || left.left != no_ast || right.kind != AstKind::literal || right.literal != ItemKind::string)
    return {};
  Elements elements;
  Shape found;
  follow(schema_, input.shape, left.text, elements, found);
  if (elements.size() != 1 || found.system || found.states.size() != 1) return {};
  if (!compares_as_text(schema_.types[found.states[0].type].primitive)) return {};
  const OpId path = path_of(input.op, node.position);
  step(path,
       {.kind = StepKind::equals, .single = schema_.elements[elements[0]].max == 1, .element = elements[0], .text = right.text});
  return {path, std::move(input.shape)};
}

Compiler::Typed Compiler::call(const FunctionRow& row, const AstNode& node, Typed input, const Shape& self) {
  Op op{.kind = OpKind::call, .position = node.position, .input = input.op};
  op.function = &row;
  boost::container::small_vector<OpId, 4> arguments;
  boost::container::small_vector<Shape, 2> shapes;
  for (AstId argument = node.first; argument != no_ast; argument = ast_.nodes[argument].next) {
    const char mode = row.arguments[std::min(arguments.size(), row.arguments.size() - 1)];
    if (row.gives == Gives::repeated) {
      OpId compiled = no_op;
      Shape shape;
      shape.add(input.shape);
      if (!repeat_arguments(argument, shape, compiled)) return {};
      arguments.push_back(compiled);
      shapes.push_back(std::move(shape));
      continue;
    }
    Typed typed = compile(argument, mode == 'e' || mode == 's' ? input.shape : self);
    if (failed()) return {};
    arguments.push_back(typed.op);
    shapes.push_back(std::move(typed.shape));
  }
  op.first = static_cast<std::uint32_t>(body_.arguments.size());
  op.count = static_cast<std::uint32_t>(arguments.size());
  body_.arguments.insert(body_.arguments.end(), arguments.begin(), arguments.end());
  if (!pattern(row, node, op)) return {};
  Shape shape;
  switch (row.gives) {
    case Gives::system:
      shape = Shape::values();
      break;
    case Gives::input:
      shape = std::move(input.shape);
      break;
    case Gives::anything:
      shape = Shape::anything();
      break;
    case Gives::projected:
    case Gives::repeated:
      shape = std::move(shapes[0]);
      break;
    case Gives::merged:
      shape = std::move(input.shape);
      shape.add(shapes[0]);
      break;
    case Gives::chosen:
      for (std::size_t i = 1; i < shapes.size(); ++i) shape.add(shapes[i]);
      break;
    case Gives::extensions: {
      Elements elements;
      follow(schema_, input.shape, "extension", elements, shape);
      shape.system = false;
      if (input.shape.dynamic) shape = Shape::anything();
      break;
    }
  }
  return {add(op), std::move(shape)};
}

// repeat(item): what it gives is input again, so the argument is compiled until it finds nothing new.
bool Compiler::repeat_arguments(AstId argument, Shape& shape, OpId& op) {
  Shape given;
  for (int round = 0; round < 6; ++round) {
    if (round == 5) shape = Shape::anything();
    const Typed typed = compile(argument, shape);
    if (failed()) return false;
    op = typed.op;
    given = typed.shape;
    if (shape.covers(given)) break;
    shape.add(given);
  }
  shape = std::move(given);
  return true;
}

// A literal regular expression is compiled once.
bool Compiler::pattern(const FunctionRow& row, const AstNode& node, Op& op) {
  if (row.arguments.empty() || row.arguments[0] != 'r') return true;
  const AstNode& argument = ast_.nodes[node.first];
  if (argument.kind != AstKind::literal || argument.literal != ItemKind::string) return true;
  if (argument.text.size() > max_pattern) {
    fail(argument.position, "the regular expression is too long");
    return false;
  }
  auto compiled = compiled_pattern(argument.text);
  if (!compiled->ok()) {
    fail(argument.position, "not a regular expression: " + compiled->error());
    return false;
  }
  programs_ += size_of(*compiled);
  if (programs_ > max_programs) {
    fail(argument.position, "the regular expressions are too large");
    return false;
  }
  op.pattern = body_.patterns.emplace_back(std::move(compiled)).get();
  return true;
}

}  // namespace fhirpath
