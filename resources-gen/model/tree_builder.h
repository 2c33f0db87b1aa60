// TreeBuilder: how a format's reader makes a Tree.
//
// The reader appends nodes in document order to nodes(), sets source() and unescaped(), and takes the tree. One thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "resources-gen/model/tree.h"

namespace model {

class TreeBuilder {
 public:
  explicit TreeBuilder(const Schema& schema) { tree_.schema_ = &schema; }
  const Schema& schema() const { return *tree_.schema_; }
  std::vector<Node>& nodes() { return tree_.nodes_; }
  std::string& source() { return tree_.source_; }
  std::string& unescaped() { return tree_.unescaped_; }
  // The nodes must be whole: each `end` set, `parent` below its own index. The builder is empty afterwards.
  Tree take() { return std::move(tree_); }

 private:
  Tree tree_;
};

// NodeRef::path() for nodes still being made: needs element, parent, index and type of `node` and its ancestors.
std::string path_of(const Schema& schema, const Node* nodes, NodeIndex node);

}  // namespace model
