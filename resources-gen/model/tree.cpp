#include "resources-gen/model/tree.h"

#include <algorithm>

#include "resources-gen/model/tree_builder.h"

namespace model {

NodeRef Tree::root() const { return empty() ? NodeRef() : NodeRef(*this, 0); }

std::string_view NodeRef::text() const {
  const Node& n = node();
  if (!has_value()) return {};
  const std::string& bytes = (n.flags & node_unescaped) ? tree_->unescaped_ : tree_->source_;
  return std::string_view(bytes).substr(n.text, n.length);
}

NodeRef NodeRef::parent() const {
  const NodeIndex up = node().parent;
  return up == no_node ? NodeRef() : NodeRef(*tree_, up);
}

NodeRef NodeRef::resource() const {
  NodeIndex at = index_;
  while (!((*tree_)[at].flags & node_resource) && (*tree_)[at].parent != no_node) at = (*tree_)[at].parent;
  return {*tree_, at};
}

NodeRef NodeRef::first_child() const { return index_ + 1 < node().end ? NodeRef(*tree_, index_ + 1) : NodeRef(); }

NodeRef NodeRef::next_sibling() const {
  const Node& n = node();
  return n.parent != no_node && n.end < (*tree_)[n.parent].end ? NodeRef(*tree_, n.end) : NodeRef();
}

NodeRef NodeRef::child(std::string_view name) const {
  const Schema& schema = tree_->schema();
  const ElementId element = schema.child_by_name(schema.children_owner(node().element, type()), name);
  return element == no_element ? NodeRef() : child(element);
}

NodeRef NodeRef::child(ElementId element) const {
  const NodeIndex end = node().end;
  for (NodeIndex at = index_ + 1; at < end; at = (*tree_)[at].end) {
    if ((*tree_)[at].element == element) return {*tree_, at};
  }
  return {};
}

std::string_view NodeRef::name() const {
  const Schema& schema = tree_->schema();
  return node().parent == no_node ? type_name() : schema.text(schema.elements[element()].name);
}

std::string NodeRef::path() const { return path_of(tree_->schema(), tree_->nodes_.data(), index_); }

Tree NodeRef::copy() const {
  const Node& top = node();
  TreeBuilder builder(tree_->schema());
  builder.source() = json();
  // A twin's extensions may stand outside the value's own bytes: a resource has no twin, so all of its nodes lie within.
  builder.nodes().assign(tree_->nodes_.begin() + index_, tree_->nodes_.begin() + top.end);
  for (Node& n : builder.nodes()) {
    n.end -= index_;
    n.parent = n.parent == no_node || n.parent < index_ ? no_node : n.parent - index_;
    n.begin -= top.begin;
    n.stop -= top.begin;
    if (n.flags & node_unescaped) {
      const std::uint32_t at = static_cast<std::uint32_t>(builder.unescaped().size());
      builder.unescaped().append(tree_->unescaped_, n.text, n.length);
      n.text = at;
    } else if (n.length) {
      n.text -= top.begin;
    }
  }
  Node& root = builder.nodes().front();
  root.element = tree_->schema().types[top.type].root;
  root.parent = no_node;
  root.index = 0;
  root.flags &= static_cast<std::uint8_t>(~node_in_array);
  return builder.take();
}

std::string path_of(const Schema& schema, const Node* nodes, NodeIndex node) {
  std::vector<NodeIndex> line;  // from the node up to the root
  for (NodeIndex at = node; at != no_node; at = nodes[at].parent) line.push_back(at);
  std::string path(schema.type_name(nodes[line.back()].type));
  for (std::size_t i = line.size() - 1; i-- > 0;) {
    const Node& n = nodes[line[i]];
    const ElementRow& element = schema.elements[n.element];
    path.append(".").append(schema.text(element.name));
    if (element.max > 1) path.append("[").append(std::to_string(n.index)).append("]");
  }
  return path;
}

}  // namespace model
