// Tree: one resource, parsed, immutable: fixed-size nodes in document order over its minified JSON text.
//
// A node's subtree is the range [index, end). An element's extension parts (`_birthDate`) are merged into its node. Each node
// knows where its JSON value stands in `source()`, so that edits are made while bytes are copied and never on the tree. The Tree
// owns source, nodes and unescaped text; NodeRefs and views taken from it live as long as it does. Any thread may read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/schema.h"

namespace model {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xffffffff;

enum class ValueKind : std::uint8_t { none, object, string, number, boolean };

enum NodeFlag : std::uint8_t {
  node_in_array = 1,   // an item of a JSON array
  node_unescaped = 2,  // text lies in the side buffer: the string had escapes
  node_resource = 4,   // begins a resource: the root, contained[], entry.resource ...
  node_no_value = 8,   // a primitive with extensions only (null in its array, or no member of its own)
};

struct Node {
  ElementId element;     // the definition it was found under; for a resource node below the root, the holder's (contained ...)
  NodeIndex end;         // one past the last node of the subtree
  NodeIndex parent;      // no_node for the root
  std::uint32_t text;    // the primitive's value: offset in source() (without quotes), or in the side buffer; of a
                         // resource: where its resourceType's value stands in source(), without quotes
  std::uint32_t length;  // of that value, bytes
  std::uint32_t begin;  // the JSON value in source(): [begin, stop); quotes and braces included. For node_no_value: begin == stop
  std::uint32_t stop;
  std::uint32_t index;  // position among the siblings of the same element
  TypeId type;          // actual type: of a choice the one chosen, of a resource its resourceType
  ValueKind kind;
  std::uint8_t flags;  // NodeFlag
};

class NodeRef;

class Tree {
 public:
  const Schema& schema() const { return *schema_; }
  std::string_view source() const { return source_; }  // minified JSON; the bytes as sent but for white space between tokens
  const Node& operator[](NodeIndex index) const { return nodes_[index]; }
  std::size_t size() const { return nodes_.size(); }
  bool empty() const { return nodes_.empty(); }
  NodeRef root() const;

 private:
  friend class TreeBuilder;  // formats/ fills it
  const Schema* schema_ = nullptr;
  std::string source_;
  std::string unescaped_;
  std::vector<Node> nodes_;
  friend class NodeRef;
};

// A node of a tree: a pointer and an index, passed by value. A default-made one is empty: `if (node)`.
class NodeRef {
 public:
  NodeRef() = default;
  NodeRef(const Tree& tree, NodeIndex index) : tree_(&tree), index_(index) {}
  explicit operator bool() const { return tree_ != nullptr; }
  bool operator==(const NodeRef&) const = default;

  const Tree& tree() const { return *tree_; }
  const Node& node() const { return (*tree_)[index_]; }
  NodeIndex index() const { return index_; }
  TypeId type() const { return node().type; }
  std::string_view type_name() const { return tree_->schema().type_name(type()); }
  ElementId element() const { return node().element; }
  Primitive primitive() const { return tree_->schema().types[type()].primitive; }
  bool has_value() const { return node().kind != ValueKind::none && node().kind != ValueKind::object; }
  // The primitive's value as written, JSON escapes resolved: "1.50", "true", "2020-01". Empty if none.
  std::string_view text() const;
  // The JSON value's own bytes in source(). For an element with a separate `_name` part, the value only.
  std::string_view json() const { return tree_->source().substr(node().begin, node().stop - node().begin); }
  bool is_resource() const { return (node().flags & node_resource) != 0; }

  NodeRef parent() const;
  NodeRef resource() const;  // the nearest enclosing node (or itself) that is a resource
  NodeRef root() const { return {*tree_, 0}; }
  // Children in document order: for (NodeRef c = n.first_child(); c; c = c.next_sibling())
  NodeRef first_child() const;
  NodeRef next_sibling() const;
  // The first child by FHIRPath name ("value" finds valueQuantity); empty if none. Walks the children.
  NodeRef child(std::string_view name) const;
  NodeRef child(ElementId element) const;
  std::string_view name() const;  // FHIRPath name of its element: "value"; of the root the type's name
  std::string path() const;       // "Patient.name[0].given[1]", an index on each repeating element, as Issues use
  // The resource at this node as a tree of its own, as if it had been read from json(): no second parse. Only where
  // is_resource().
  Tree copy() const;

 private:
  const Tree* tree_ = nullptr;
  NodeIndex index_ = 0;
};

}  // namespace model
