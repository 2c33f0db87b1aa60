// Plain paths of all search parameters of a resource type, followed in one walk over the resource. Internal to the extractor.
//
// Most expressions are paths ("Observation.code", "(Observation.value as Quantity)"). Evaluated one by one each would look at the
// same children again; as a trie over element numbers they cost one look at each child that some path goes through. What is no
// plain path is a fhirpath::Plan.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "resources-gen/model/tree.h"

namespace search {

// The nodes that the paths of each slot (a parameter) end at, in document order. Reused from resource to resource.
class PathResults {
 public:
  void clear(std::size_t slots) {
    first_.assign(slots, none);
    last_.assign(slots, none);
    entries_.clear();
  }
  void add(std::uint16_t slot, model::NodeIndex node) {
    const auto at = static_cast<std::uint32_t>(entries_.size());
    (first_[slot] == none ? first_[slot] : entries_[last_[slot]].next) = at;
    last_[slot] = at;
    entries_.push_back({node, none});
  }
  template <typename Function>
  void each(std::size_t slot, Function&& function) const {
    for (std::uint32_t at = first_[slot]; at != none; at = entries_[at].next) function(entries_[at].node);
  }

 private:
  static constexpr std::uint32_t none = 0xffffffff;
  struct Entry {
    model::NodeIndex node;
    std::uint32_t next;
  };
  std::vector<std::uint32_t> first_, last_;
  std::vector<Entry> entries_;
};

class PathTrie {
 public:
  PathTrie() = default;
  PathTrie(const model::Schema& schema, model::TypeId type);
  // Takes the expression for the slot if it is a plain path of the type, perhaps with one type that its end must have; else
  // false.
  bool add(std::string_view expression, std::uint16_t slot);
  void walk(const model::Tree& tree, PathResults& results) const;

 private:
  struct End {
    std::uint16_t slot;
    model::TypeId type;  // no_type: any
  };
  struct Step {  // where a path may go on: the children of one element
    model::ElementId first = 0;
    std::vector<std::uint16_t> next;  // by child element, from `first` on: a step, 0 if no path goes there
    std::vector<End> ends;            // paths that end here
    bool further = false;
  };
  void walk(const model::Tree& tree, const Step& step, model::NodeIndex node, PathResults& results) const;

  const model::Schema* schema_ = nullptr;
  model::TypeId type_ = model::no_type;
  std::vector<Step> steps_;  // steps_[0] is the resource itself
};

}  // namespace search
