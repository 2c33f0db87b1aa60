#include "resources-gen/generator/tables.h"

#include <stdexcept>

namespace generator {

model::Text Pool::add(std::string_view text) {
  if (text.empty()) return {};
  auto [place, fresh] = offsets_.try_emplace(std::string(text), static_cast<std::uint32_t>(bytes_.size()));
  if (fresh) bytes_ += text;
  return {place->second, static_cast<std::uint32_t>(text.size())};
}

model::TypeId Tables::type(std::string_view name, std::string_view user) const {
  auto found = type_ids.find(name);
  if (found == type_ids.end()) throw std::runtime_error(std::string(user) + ": no type is named " + std::string(name));
  return found->second;
}

}  // namespace generator
