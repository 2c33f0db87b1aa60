// Tables: the rows of one schema while the generator fills them; the same row types that model::Schema spans.
//
// Filled in this order: structures (types, elements), codes, parameters. Owned by generate(); one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "resources-gen/model/schema.h"

namespace generator {

// Distinct strings end to end; equal strings share their bytes.
class Pool {
 public:
  model::Text add(std::string_view text);
  std::string_view text(model::Text text) const { return std::string_view(bytes_).substr(text.offset, text.length); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::unordered_map<std::string, std::uint32_t> offsets_;
};

struct Tables {
  Pool pool;
  std::vector<model::TypeRow> types;  // primitives, complex types, resources; by name within each
  std::vector<model::ElementRow> elements;
  std::vector<model::ElementTypeRow> element_types;
  std::vector<model::TypeId> target_types;
  std::vector<std::uint32_t> element_constraints;
  std::vector<model::BindingRow> bindings;
  std::vector<model::ConstraintRow> constraints;
  std::vector<model::CodeSetRow> code_sets;
  std::vector<model::CodeRow> codes;
  std::vector<model::SearchParameterRow> search_parameters;
  std::vector<model::ComponentRow> components;
  std::vector<model::TypeId> parameter_bases;
  std::vector<model::CompartmentRow> compartments;
  std::vector<model::CompartmentParameterRow> compartment_parameters;
  std::vector<model::OperationRow> operations;
  std::string version;

  std::string_view text(model::Text t) const { return pool.text(t); }
  std::string_view type_name(model::TypeId type) const { return text(types[type].name); }
  // Throws std::runtime_error, naming `user`, if no type has that name.
  model::TypeId type(std::string_view name, std::string_view user) const;

  std::map<std::string, model::TypeId, std::less<>> type_ids;  // by name
};

}  // namespace generator
