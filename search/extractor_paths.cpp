#include "search/extractor_paths.h"

#include <algorithm>
#include <span>

namespace search {
namespace {

using model::ElementId;
using model::Schema;
using model::TypeId;

bool is_path(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.'; });
}

// "(path as T)", "path.as(T)", "path": the path, and T or nothing.
struct Parsed {
  std::string_view path, type;
};
Parsed parsed(std::string_view text) {
  if (text.starts_with('(') && text.ends_with(')')) {
    text = text.substr(1, text.size() - 2);
    const std::size_t as = text.find(" as ");
    return as == std::string_view::npos ? Parsed{text, {}} : Parsed{text.substr(0, as), text.substr(as + 4)};
  }
  const std::size_t as = text.find(".as(");
  if (as != std::string_view::npos && text.ends_with(')')) return {text.substr(0, as), text.substr(as + 4, text.size() - as - 5)};
  return {text, {}};
}

}  // namespace

PathTrie::PathTrie(const Schema& schema, TypeId type) : schema_(&schema), type_(type), steps_(1) {
  const model::Range children = schema.elements[schema.types[type].root].children;
  steps_[0].first = children.first;
  steps_[0].next.assign(children.count, 0);
}

bool PathTrie::add(std::string_view expression, std::uint16_t slot) {
  const auto [path, type_name] = parsed(expression);
  if (!is_path(path) || (!type_name.empty() && !is_path(type_name))) return false;
  const TypeId type = type_name.empty() ? model::no_type : schema_->type(type_name);
  if (!type_name.empty() && type == model::no_type) return false;

  // First the elements, so that nothing is left behind by a path that ends in the air.
  std::vector<ElementId> elements;
  ElementId owner = schema_->types[type_].root;
  std::size_t dot = path.find('.');
  const TypeId root = schema_->type(path.substr(0, dot));
  if (root == model::no_type || !schema_->is_a(type_, root) || dot == std::string_view::npos) return false;
  while (dot != std::string_view::npos) {
    const std::size_t next = path.find('.', dot + 1);
    const ElementId element =
        schema_->child_by_name(owner, path.substr(dot + 1, next == std::string_view::npos ? next : next - dot - 1));
    if (element == model::no_element) return false;
    elements.push_back(element);
    const std::span<const model::ElementTypeRow> types = Schema::rows(schema_->element_types, schema_->elements[element].types);
    if (next != std::string_view::npos && types.size() > 1) return false;  // goes on from a choice
    owner = schema_->children_owner(element, types.empty() ? model::no_type : types.front().type);
    if (next != std::string_view::npos && owner == model::no_element) return false;
    dot = next;
  }

  std::size_t at = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::size_t child = elements[i] - steps_[at].first;
    if (child >= steps_[at].next.size()) return false;
    steps_[at].further = true;
    if (steps_[at].next[child] == 0) {
      steps_[at].next[child] = static_cast<std::uint16_t>(steps_.size());
      steps_.emplace_back();
    }
    at = steps_[at].next[child];
    if (i + 1 == elements.size() || !steps_[at].next.empty()) continue;
    const model::ElementRow& next = schema_->elements[elements[i + 1]];
    const model::Range children = schema_->elements[next.parent].children;
    steps_[at].first = children.first;
    steps_[at].next.assign(children.count, 0);
  }
  steps_[at].ends.push_back({slot, type});
  return true;
}

void PathTrie::walk(const model::Tree& tree, PathResults& results) const { walk(tree, steps_[0], 0, results); }

void PathTrie::walk(const model::Tree& tree, const Step& step, model::NodeIndex node, PathResults& results) const {
  const model::NodeIndex end = tree[node].end;
  for (model::NodeIndex child = node + 1; child < end; child = tree[child].end) {
    const model::Node& n = tree[child];
    const std::size_t offset = n.element - step.first;
    if (offset >= step.next.size() || step.next[offset] == 0) continue;
    const Step& next = steps_[step.next[offset]];
    for (const End& path : next.ends) {
      if (path.type == model::no_type || schema_->is_a(n.type, path.type)) results.add(path.slot, child);
    }
    if (next.further) walk(tree, next, child, results);
  }
}

}  // namespace search
