// Datatypes: which kind of FHIR datatype a type is, for extraction; and the code systems that `code` elements imply.
//
// Made once from a schema; any thread may read.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "resources-gen/model/tree.h"

namespace search {

enum class Datatype : std::uint8_t {
  other,
  boolean,
  number,
  text,
  code,
  id,
  uri,
  canonical,
  date,
  date_time,
  instant,
  coding,
  codeable_concept,
  identifier,
  contact_point,
  human_name,
  address,
  period,
  timing,
  quantity,
  money,
  range,
  sampled_data,
  reference,
  resource,
};

class Datatypes {
 public:
  explicit Datatypes(const model::Schema& schema);
  const model::Schema& schema() const { return schema_; }
  Datatype of(model::NodeRef node) const { return node.is_resource() ? Datatype::resource : kinds_[node.type()]; }

  // The system that a code has by the required binding of its element (R4 search.html#token: "implicit"); empty if the value set
  // is not known, or has the code from several systems.
  std::string_view implied_system(model::NodeRef code) const;

 private:
  const model::Schema& schema_;
  std::vector<Datatype> kinds_;            // by TypeId
  std::vector<std::string_view> systems_;  // by code set: the one system of all its codes, or empty
};

// Children by FHIRPath name in one walk: Children c(node); while (c.next()) if (c.is("system")) ...
class Children {
 public:
  explicit Children(model::NodeRef parent) : parent_(parent) {}
  bool next() {
    node_ = started_ ? node_.next_sibling() : parent_.first_child();
    started_ = true;
    if (!node_) return false;
    name_ = node_.name();
    return true;
  }
  bool is(std::string_view name) const { return name_ == name; }
  model::NodeRef node() const { return node_; }
  std::string_view text() const { return node_.text(); }

 private:
  model::NodeRef parent_, node_;
  std::string_view name_;
  bool started_ = false;
};

}  // namespace search
