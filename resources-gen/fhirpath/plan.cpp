#include "resources-gen/fhirpath/plan.h"

#include <algorithm>
#include <unordered_set>

#include "resources-gen/fhirpath/compiler.h"
#include "resources-gen/fhirpath/walk.h"

namespace fhirpath {
namespace {

struct NodeSink {
  std::vector<model::NodeRef>& out;
  void node(const model::Tree& tree, model::NodeIndex index) { out.emplace_back(tree, index); }
  void value(const model::Tree&, model::NodeIndex, const Step*) {}
};

Item item_of(const Value& value) {
  Item item;
  item.kind = value.kind;
  item.node = value.node;
  item.boolean = value.boolean;
  item.integer = value.integer;
  item.text = value.text;
  item.unit = value.unit;
  return item;
}

// Takes out of [first, end) what stands before it already.
void drop_repeated(std::vector<model::NodeRef>& nodes, std::size_t begin, std::size_t first) {
  const auto from = [&](std::size_t at) { return nodes.begin() + static_cast<std::ptrdiff_t>(at); };
  if (nodes.size() - begin <= 32) {
    nodes.erase(
        std::remove_if(from(first), nodes.end(),
                       [&](const model::NodeRef& node) { return std::find(from(begin), from(first), node) != from(first); }),
        nodes.end());
    return;
  }
  std::unordered_set<model::NodeIndex> known;
  for (std::size_t i = begin; i < first; ++i) known.insert(nodes[i].index());
  nodes.erase(std::remove_if(from(first), nodes.end(), [&](const model::NodeRef& node) { return known.contains(node.index()); }),
              nodes.end());
}

void walk_paths(const Plan::Body& body, model::NodeRef focus, const Environment& environment, std::vector<model::NodeRef>& out) {
  NodeSink sink{out};
  References own;
  References& references = environment.references ? *environment.references : own;
  const std::size_t begin = out.size();
  for (const OpId id : body.paths) {
    const Op& op = body.ops[id];
    model::NodeRef start = focus;
    if (op.input != no_op && body.ops[op.input].kind == OpKind::resource) {
      start = environment.resource ? environment.resource : focus.resource();
    } else if (op.input != no_op && body.ops[op.input].kind == OpKind::root_resource) {
      start = environment.root_resource ? environment.root_resource
                                        : root_resource(environment.resource ? environment.resource : focus);
    }
    const std::size_t first = out.size();
    Walk<NodeSink>(body, op, references, sink).from(start.tree(), start.index());
    if (body.overlapping && first != begin && out.size() != first) drop_repeated(out, begin, first);
  }
}

}  // namespace

std::unique_ptr<const re2::RE2> compiled_pattern(std::string_view pattern) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_dot_nl(true);
  options.set_max_mem(1 << 20);
  return std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

model::Result<Plan> Plan::compile(const Expression& expression, const model::Schema& schema, model::ElementId context) {
  auto body = std::make_shared<Body>();
  body->ast = expression.ast_;
  body->schema = &schema;
  if (auto failure = Compiler(*body, context).run()) return *std::move(failure);
  Plan plan;
  plan.body_ = std::move(body);
  return plan;
}

bool Plan::is_path() const { return !body_->paths.empty(); }
std::span<const model::ElementId> Plan::results() const { return body_->results; }

model::Result<void> Plan::evaluate(model::NodeRef focus, const Environment& environment, Collection& out) const {
  Run run(*body_, focus, environment);
  try {
    Values values = run.values();
    if (run.evaluate(body_->root, run.root_scope(), values)) {
      out.reserve(out.size() + values.size());
      for (const Value& value : values) out.push_back(item_of(value));
      return {};
    }
  } catch (const ArenaFull&) {
    run.charge(max_ticks + 1);
  }
  return run.failure().value();
}

bool Plan::evaluate_nodes(model::NodeRef focus, const Environment& environment, std::vector<model::NodeRef>& out) const {
  if (is_path()) {
    walk_paths(*body_, focus, environment, out);
    return true;
  }
  Run run(*body_, focus, environment);
  try {
    Values values = run.values();
    if (!run.evaluate(body_->root, run.root_scope(), values)) return false;
    if (!std::all_of(values.begin(), values.end(), [](const Value& value) { return value.is_node(); })) return false;
    for (const Value& value : values) out.push_back(value.node);
    return true;
  } catch (const ArenaFull&) {
    return false;
  }
}

}  // namespace fhirpath
