// Compiler: an Ast becomes the operations of a Plan, for one context. Internal to fhirpath/.
#pragma once

#include <optional>
#include <string>

#include "resources-gen/fhirpath/functions.h"
#include "resources-gen/fhirpath/plan.h"
#include "resources-gen/fhirpath/shape.h"

namespace fhirpath {

class Compiler {
 public:
  Compiler(Plan::Body& body, model::ElementId context);
  std::optional<model::Failure> run();

 private:
  struct Typed {
    OpId op = no_op;  // no_op: it failed
    Shape shape;
  };

  Typed compile(AstId id, const Shape& self);
  Typed member(const AstNode& node, const Shape& self);
  Typed start_type(const AstNode& node, const Shape& self);
  Typed variable(const AstNode& node);
  Typed unite(const AstNode& node, const Shape& self);
  Typed indexer(const AstNode& node, const Shape& self);
  Typed literal(const AstNode& node);
  Typed binary(const AstNode& node, const Shape& self);
  Typed type_operator(const AstNode& node, const Shape& self);
  Typed test_type(AstId left, std::string_view specifier, bool is, std::uint32_t position, const Shape& self);
  Typed function(const AstNode& node, const Shape& self);
  Typed filtered(const AstNode& node, Typed& input);  // where(), when a step can do it; else no_op
  Typed call(const FunctionRow& row, const AstNode& node, Typed input, const Shape& self);
  bool repeat_arguments(AstId argument, Shape& shape, OpId& op);
  bool pattern(const FunctionRow& row, const AstNode& node, Op& op);

  Typed fail(std::uint32_t position, std::string message);
  bool failed() const { return !message_.empty(); }
  OpId add(Op op);
  OpId add(OpKind kind, const AstNode& node);
  // The path operation that continues `input`, for another step.
  OpId path_of(OpId input, std::uint32_t position);
  void step(OpId path, Step step);
  // The type that a name at the start of a path means, no_type if none.
  model::TypeId leading_type(AstId id) const;
  bool starts_here(model::TypeId type, const Shape& self) const;
  bool parse_type(std::string_view specifier, bool is, std::uint32_t position, TypeTest& test);
  std::optional<std::string> specifier_of(AstId argument) const;
  std::string described(const Shape& shape) const;
  void finish(const Typed& root);

  Plan::Body& body_;
  const Ast& ast_;
  const model::Schema& schema_;
  model::ElementId context_;
  Shape context_shape_;
  std::uint8_t slots_ = 0;
  std::size_t programs_ = 0;  // instructions of the regular expressions
  std::uint32_t position_ = 0;
  std::string message_;
};

}  // namespace fhirpath
