#include "store/type_numbers.h"

#include <stdexcept>

namespace store {

TypeNumbers::TypeNumbers(const model::Schema& schema)
    : schema_(schema), numbers_(new std::atomic<TypeNumber>[schema.types.size()]) {
  for (std::size_t i = 0; i < schema.types.size(); ++i) numbers_[i] = 0;
  for (auto& type : types_) type = model::no_type;
  for (auto& head : heads_) head = 0;
}

TypeNumber TypeNumbers::assign(model::TypeId type) {
  if (type >= schema_.types.size()) throw std::logic_error("a version of an unknown type");
  if (const TypeNumber known = number(type)) return known;
  if (names_.size() >= max_type_number) throw std::logic_error("too many types");
  add(schema_.type_name(type));
  return number(type);
}

void TypeNumbers::add(std::string_view name) {
  names_.emplace_back(name);
  const auto number = static_cast<TypeNumber>(names_.size());
  // By name, not Schema::type(): that needs an indexed schema, and this happens once a type.
  for (std::size_t i = 0; i < schema_.types.size(); ++i) {
    if (schema_.type_name(static_cast<model::TypeId>(i)) != name) continue;
    types_[number].store(static_cast<model::TypeId>(i), std::memory_order_release);
    numbers_[i].store(number, std::memory_order_release);
    break;
  }
  count_.store(names_.size(), std::memory_order_release);
}

std::vector<std::string> TypeNumbers::before(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& other : names_) {
    if (other.size() > name.size() && other.ends_with(name)) out.push_back(other.substr(0, other.size() - name.size()));
  }
  return out;
}

std::string TypeNumbers::encode() const {
  std::string out;
  for (const std::string& name : names_) out.append(name).append(1, '\n');
  return out;
}

bool TypeNumbers::decode(std::string_view names) {
  while (!names.empty()) {
    const std::size_t end = names.find('\n');
    if (end == 0 || end == std::string_view::npos || names_.size() >= max_type_number) return false;
    add(names.substr(0, end));
    names.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace store
