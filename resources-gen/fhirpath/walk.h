// Walking steps: from a node to the nodes that a path selects, depth first, which is document order. Internal to fhirpath/.
#pragma once

#include <array>

#include "resources-gen/fhirpath/plan.h"
#include "resources-gen/fhirpath/reference.h"

namespace fhirpath {

// A walk over the same path from several nodes in turn: item numbers count across them.
//
// Sink takes node(tree, index) for each node found and value(tree, index, step) where a path leaves the nodes: `step` is the one
// after, the sink goes on from there.
template <typename Sink>
class Walk {
 public:
  Walk(const Plan::Body& body, const Op& path, References& references, Sink& sink)
      : elements_(body.elements.data()),
        begin_(body.steps.data() + path.first),
        end_(begin_ + path.count),
        references_(references),
        sink_(sink) {}

  void from(const model::Tree& tree, model::NodeIndex index) { step(tree, index, begin_); }
  std::uint64_t visited() const { return visited_; }
  const Step* begin() const { return begin_; }
  const Step* end() const { return end_; }
  // Counts one item that comes to an `at` step; true if it is the one to stay.
  bool is_item(const Step& at) { return counts_[at.slot]++ == at.first; }

 private:
  void step(const model::Tree& tree, model::NodeIndex index, const Step* at) {
    if (at == end_) return sink_.node(tree, index);
    const model::NodeIndex stop = tree[index].end;
    model::NodeIndex i = index + 1;
    switch (at->kind) {
      case StepKind::child:
        for (; i < stop; i = tree[i].end) {
          ++visited_;
          if (tree[i].element != at->element) continue;
          step(tree, i, at + 1);
          if (at->single) return;
        }
        return;
      case StepKind::children:
        for (; i < stop; i = tree[i].end) {
          ++visited_;
          if (is_one_of(tree[i].element, *at)) step(tree, i, at + 1);
        }
        return;
      case StepKind::named:
        return named(tree, index, at);
      case StepKind::value:
        if (tree[index].kind != model::ValueKind::none && tree[index].kind != model::ValueKind::object)
          sink_.value(tree, index, at + 1);
        return;
      case StepKind::type: {
        const model::TypeId type = tree[index].type;
        if (type == at->type || (!at->exact && tree.schema().is_a(type, at->type))) step(tree, index, at + 1);
        return;
      }
      case StepKind::equals: {
        model::NodeIndex found = model::no_node;
        for (; i < stop; i = tree[i].end) {
          ++visited_;
          if (tree[i].element != at->element) continue;
          if (found != model::no_node) return;  // N1 6.1.1: of several, equal to one, none is
          found = i;
          if (at->single) break;
        }
        if (found == model::no_node) return;
        const model::NodeRef child(tree, found);
        if (child.has_value() && child.text() == at->text) step(tree, index, at + 1);
        return;
      }
      case StepKind::resolves: {
        const std::uint64_t before = references_.visited();
        const model::TypeId type = references_.type(model::NodeRef(tree, index));
        visited_ += references_.visited() - before;
        if (type != model::no_type && tree.schema().is_a(type, at->type)) step(tree, index, at + 1);
        return;
      }
      case StepKind::at:
        if (is_item(*at)) step(tree, index, at + 1);
        return;
    }
  }

  void named(const model::Tree& tree, model::NodeIndex index, const Step* at) {
    const model::Schema& schema = tree.schema();
    const model::Node& node = tree[index];
    if (at->text == "value" && schema.types[node.type].primitive != model::Primitive::none) {
      if (model::NodeRef(tree, index).has_value()) sink_.value(tree, index, at + 1);
      return;
    }
    const model::ElementId element = schema.child_by_name(schema.children_owner(node.element, node.type), at->text);
    if (element == model::no_element) return;
    for (model::NodeIndex i = index + 1; i < node.end; i = tree[i].end) {
      ++visited_;
      if (tree[i].element == element) step(tree, i, at + 1);
    }
  }

  bool is_one_of(model::ElementId element, const Step& at) const {
    for (std::uint32_t i = 0; i < at.count; ++i) {
      if (elements_[at.first + i] == element) return true;
    }
    return false;
  }

  const model::ElementId* elements_;
  const Step* begin_;
  const Step* end_;
  References& references_;
  Sink& sink_;
  std::uint64_t visited_ = 0;
  std::array<std::uint32_t, max_slots> counts_{};
};

}  // namespace fhirpath
