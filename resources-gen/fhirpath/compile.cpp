// Compiling: paths become element numbers, by what each part of an expression can be.

#include <algorithm>

#include "resources-gen/fhirpath/limits.h"
#include "resources-gen/fhirpath/plan.h"

namespace fhirpath {
namespace {

using model::ElementId;
using model::Schema;
using model::TypeId;

constexpr FunctionRow functions[] = {
    // name, function, arguments, keeps, nodes, criterion
    {"where", Function::where, 1, 1, true, true, true},
    {"exists", Function::exists, 0, 1, false, false, true},
    {"empty", Function::empty, 0, 0, false, false, false},
    {"not", Function::not_, 0, 0, false, false, false},
    {"resolve", Function::resolve, 0, 0, false, true, false},
    {"as", Function::as, 1, 1, true, true, false},
    {"is", Function::is, 1, 1, false, false, false},
    {"ofType", Function::of_type, 1, 1, true, true, false},
    {"first", Function::first, 0, 0, true, true, false},
    {"last", Function::last, 0, 0, true, true, false},
    {"tail", Function::tail, 0, 0, true, true, false},
    {"skip", Function::skip, 1, 1, true, false, false},
    {"take", Function::take, 1, 1, true, false, false},
    {"single", Function::single, 0, 0, true, false, false},
    {"count", Function::count, 0, 0, false, false, false},
    {"all", Function::all, 1, 1, false, false, true},
    {"select", Function::select, 1, 1, false, false, true},
    {"hasValue", Function::has_value, 0, 0, false, false, false},
    {"children", Function::children, 0, 0, false, true, false},
    {"descendants", Function::descendants, 0, 0, false, true, false},
    {"extension", Function::extension, 1, 1, false, false, false},
    {"iif", Function::iif, 2, 3, false, false, true},
    {"startsWith", Function::starts_with, 1, 1, false, false, false},
    {"endsWith", Function::ends_with, 1, 1, false, false, false},
    {"contains", Function::contains, 1, 1, false, false, false},
    {"matches", Function::matches, 1, 1, false, false, false},
    {"length", Function::length, 0, 0, false, false, false},
    {"toString", Function::to_string, 0, 0, false, false, false},
};

struct Trouble {
  std::uint32_t position;
  std::string message;
};

void add_unique(std::vector<ElementId>& to, ElementId element) {
  if (std::find(to.begin(), to.end(), element) == to.end()) to.push_back(element);
}

class Compiler {
 public:
  Compiler(Plan::Body& body, ElementId context) : body_(body), ast_(*body.ast), schema_(*body.schema) {
    body_.nodes.resize(ast_.nodes.size());
    Compiled start;
    const auto& row = schema_.elements[context];
    context_type_ = row.parent == model::no_element ? row.owner : model::no_type;
    start.shapes = {context};
    compile(ast_.root, start);
    if (body_.nodes[ast_.root].dropped) throw Trouble{0, "no part of the expression starts at the context's type"};
  }

 private:
  const AstNode& ast(AstId id) const { return ast_.nodes[id]; }

  // `focus`: what $this is there.
  void compile(AstId id, const Compiled& focus) {
    const auto& node = ast(id);
    auto& out = body_.nodes[id];
    if (node.left != no_ast) compile(node.left, focus);
    switch (node.kind) {
      case AstKind::member: return member(node, out, focus);
      case AstKind::function: return function(node, out, focus);
      case AstKind::self:
        out.shapes = focus.shapes;
        out.dynamic = focus.dynamic;
        out.path = true;
        return;
      case AstKind::variable:
        if (node.text != "resource" && node.text != "rootResource" && node.text != "context" && node.text != "ucum" && node.text != "sct" && node.text != "loinc") {
          throw Trouble{node.position, "unknown variable %" + std::string(node.text)};
        }
        out.dynamic = true;
        return;
      case AstKind::indexer:
        compile(node.right, focus);
        pass(out, node.left);
        out.path = body_.nodes[node.left].path && ast(node.right).kind == AstKind::literal && ast(node.right).literal == ItemKind::integer;
        return;
      case AstKind::binary: compile(node.right, focus); return;
      case AstKind::union_of: {
        out.dropped = true;
        out.path = true;
        for (auto branch = node.first; branch != no_ast; branch = ast(branch).next) {
          compile(branch, focus);
          const auto& row = body_.nodes[branch];
          if (row.dropped) continue;
          out.dropped = false;
          out.path = out.path && row.path;
          out.dynamic = out.dynamic || row.dynamic;
          for (const auto shape : row.shapes) add_unique(out.shapes, shape);
        }
        return;
      }
      case AstKind::type_test:
        type_of(node.position, node.text, out);
        if (node.operation == Operation::as) narrow(out, node.left);
        return;
      default: return;
    }
  }

  void pass(Compiled& out, AstId from) {
    out.shapes = body_.nodes[from].shapes;
    out.dynamic = body_.nodes[from].dynamic;
    out.dropped = body_.nodes[from].dropped;
  }

  void narrow(Compiled& out, AstId from) {
    const auto& left = body_.nodes[from];
    out.dropped = left.dropped;
    out.path = left.path && !out.system;
    if (out.system) return;
    if (left.dynamic) {
      out.shapes = {schema_.types[out.type].root};
      return;
    }
    for (const auto shape : left.shapes) {
      const auto& row = schema_.elements[shape];
      if (row.parent == model::no_element && (schema_.is_a(row.owner, out.type) || schema_.is_a(out.type, row.owner))) {
        add_unique(out.shapes, schema_.is_a(row.owner, out.type) ? shape : schema_.types[out.type].root);
      }
    }
  }

  void type_of(std::uint32_t position, std::string_view name, Compiled& out) {
    auto bare = name;
    if (bare.starts_with("FHIR.")) bare.remove_prefix(5);
    if (bare.starts_with("System.")) {
      out.system = true;
      return;
    }
    out.type = schema_.type(bare);
    // R4 search-parameters.json writes value.as(DateTime): a primitive's name in capitals means the primitive.
    if (out.type == model::no_type && !bare.empty()) {
      std::string lower(bare);
      lower[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(lower[0])));
      out.type = schema_.type(lower);
    }
    if (out.type == model::no_type) throw Trouble{position, "unknown type " + std::string(name)};
  }

  void member(const AstNode& node, Compiled& out, const Compiled& focus) {
    const Compiled* left = node.left != no_ast ? &body_.nodes[node.left] : &focus;
    out.dropped = left->dropped;
    if (node.left == no_ast) {
      const auto named = schema_.type(node.text);
      if (named != model::no_type && schema_.types[named].kind == model::TypeKind::resource) {
        out.path = true;
        if (context_type_ != model::no_type && schema_.is_a(context_type_, named)) {
          out.focus = true;
          out.shapes = focus.shapes;
        } else {
          out.dropped = true;
        }
        return;
      }
    }
    if (out.dropped) return;
    out.path = node.left == no_ast || left->path;
    if (left->dynamic) {
      out.by_name = out.dynamic = true;
      return;
    }
    for (const auto shape : left->shapes) {
      const auto found = schema_.child_by_name(shape, node.text);
      if (found == model::no_element) continue;
      add_unique(out.elements, found);
      const auto& row = schema_.elements[found];
      if (row.content_reference != model::no_element) {
        add_unique(out.shapes, row.content_reference);
        continue;
      }
      for (const auto& type : Schema::rows(schema_.element_types, row.types)) {
        if (schema_.types[type.type].kind == model::TypeKind::resource) {
          out.dynamic = true;  // contained, entry.resource: the instance tells
        } else {
          add_unique(out.shapes, schema_.children_owner(found, type.type));
        }
      }
    }
    if (out.elements.empty()) throw Trouble{node.position, "nothing here has an element '" + std::string(node.text) + "'"};
  }

  void function(const AstNode& node, Compiled& out, const Compiled& focus) {
    out.function = find_function(node.text);
    if (out.function == nullptr) throw Trouble{node.position, "unknown function " + std::string(node.text) + "()"};
    unsigned count = 0;
    for (auto argument = node.first; argument != no_ast; argument = ast(argument).next) ++count;
    if (count < out.function->least || count > out.function->most) {
      throw Trouble{node.position, std::string(node.text) + "() takes another number of arguments"};
    }
    const Compiled* left = node.left != no_ast ? &body_.nodes[node.left] : &focus;
    const auto kind = out.function->function;
    out.dropped = left->dropped;
    if (out.dropped) return;
    const bool left_path = node.left == no_ast || left->path;
    if (kind == Function::as || kind == Function::is || kind == Function::of_type) {
      if (ast(node.first).literal != ItemKind::type) throw Trouble{node.position, std::string(node.text) + "() takes a type"};
      type_of(node.position, ast(node.first).text, out);
      if (kind != Function::is && node.left != no_ast) narrow(out, node.left);
      return;
    }
    Compiled inner;
    inner.shapes = left->shapes;
    inner.dynamic = left->dynamic;
    for (auto argument = node.first; argument != no_ast; argument = ast(argument).next) compile(argument, out.function->criterion ? inner : focus);
    out.path = left_path && out.function->nodes;
    if (out.function->keeps) {
      out.shapes = left->shapes;
      out.dynamic = left->dynamic;
    } else if (kind == Function::select) {
      out.shapes = body_.nodes[node.first].shapes;
      out.dynamic = body_.nodes[node.first].dynamic;
    } else {
      out.dynamic = true;
    }
  }

  Plan::Body& body_;
  const Ast& ast_;
  const Schema& schema_;
  TypeId context_type_ = model::no_type;
};

}  // namespace

const FunctionRow* find_function(std::string_view name) {
  for (const auto& row : functions) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

model::Result<Plan> Plan::compile(const Expression& expression, const Schema& schema, ElementId context) {
  auto body = std::make_shared<Body>();
  body->ast = expression.ast_;
  body->schema = &schema;
  try {
    Compiler(*body, context);
  } catch (const Trouble& trouble) {
    return failure_at(expression.ast_->text, trouble.position, trouble.message);
  }
  Plan out;
  out.body_ = std::move(body);
  return out;
}

bool Plan::is_path() const { return body_->nodes[body_->ast->root].path; }

std::span<const ElementId> Plan::results() const {
  const auto& root = body_->nodes[body_->ast->root];
  if (root.dynamic) return {};
  return root.shapes;
}

}  // namespace fhirpath
