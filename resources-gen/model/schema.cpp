#include "resources-gen/model/schema.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace model {

namespace {

std::uint64_t load(const char* from, std::size_t bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, bytes);
  return word;
}

// Of a name's first and last eight bytes, its length and its owner: names that agree in all of these differ in the middle of
// more than 16 bytes, which R4 has in 14 pairs; the comparison tells them apart.
inline std::uint64_t hash(ElementId owner, std::string_view name) {
  const char* const p = name.data();
  const std::size_t length = name.size();
  std::uint64_t first, last;
  if (length >= 8) {
    first = load(p, 8);
    last = load(p + length - 8, 8);
  } else if (length >= 4) {
    first = load(p, 4);
    last = load(p + length - 4, 4);
  } else {
    first = length == 0
                ? 0
                : static_cast<unsigned char>(p[0]) | static_cast<std::uint64_t>(static_cast<unsigned char>(p[length / 2])) << 8;
    last = length == 0 ? 0 : static_cast<unsigned char>(p[length - 1]);
  }
  std::uint64_t mixed = (first ^ (std::uint64_t{owner} << 32 | length)) * 0x9e3779b97f4a7c15u;
  mixed = (std::rotl(mixed, 32) ^ last) * 0xc2b2ae3d27d4eb4fu;
  return mixed ^ mixed >> 32;
}

enum Use : std::uint8_t { in_json = 1, in_path = 2 };

// 16 bytes, four to a cache line.
struct Slot {
  ElementId owner = no_element;  // no_element: free
  ElementId element = no_element;
  std::uint32_t name = 0;  // in Lookup::names
  TypeId type = no_type;
  std::uint8_t length = 0;
  std::uint8_t uses = 0;
};

}  // namespace

// Open addressing, at most half full, the owner and the name in the key. `names` holds each distinct name once, apart from the
// pool, so that what the parser compares with stays in the first cache levels (R4: 30 kB).
struct Schema::Lookup {
  std::string names;
  std::vector<Slot> slots;
  std::vector<TypeId> type_slots;
  std::size_t mask = 0;
  std::size_t type_mask = 0;

  const Slot* find(ElementId owner, std::string_view name, Use use) const {
    for (std::size_t at = hash(owner, name) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots[at];
      if (slot.owner == owner && slot.length == name.size() && (slot.uses & use) != 0 &&
          std::memcmp(names.data() + slot.name, name.data(), name.size()) == 0)
        return &slot;
      if (slot.owner == no_element) return nullptr;
    }
  }
};

namespace {

struct Entry {
  ElementId owner;
  ElementId element;
  TypeId type;
  std::uint8_t uses;
  std::string name;
};

// What JSON and FHIRPath call the element, a name an entry.
void add_entries(const Schema& schema, ElementId id, std::vector<Entry>& entries) {
  const ElementRow& row = schema.elements[id];
  const std::string name(schema.text(row.name));
  const std::span<const ElementTypeRow> types = Schema::rows(schema.element_types, row.types);
  if ((row.flags & element_choice) != 0) {
    entries.push_back({row.parent, id, no_type, in_path, name});
    for (const ElementTypeRow& allowed : types) {
      std::string suffix(schema.type_name(allowed.type));
      if (suffix[0] >= 'a' && suffix[0] <= 'z') suffix[0] = static_cast<char>(suffix[0] - 'a' + 'A');
      entries.push_back({row.parent, id, allowed.type, in_json, name + suffix});
    }
    return;
  }
  TypeId type = types.empty() ? no_type : types[0].type;
  if (row.content_reference != no_element) {
    const std::span<const ElementTypeRow> referenced =
        Schema::rows(schema.element_types, schema.elements[row.content_reference].types);
    type = referenced.empty() ? no_type : referenced[0].type;
  }
  const bool primitive_value = schema.types[row.owner].kind == TypeKind::primitive && name == "value";
  entries.push_back({row.parent, id, type, static_cast<std::uint8_t>(primitive_value ? in_path : in_json | in_path), name});
}

}  // namespace

void Schema::index() {
  std::vector<Entry> entries;
  entries.reserve(elements.size() * 2);
  for (ElementId id = 0; id < elements.size(); ++id)
    if (elements[id].parent != no_element) add_entries(*this, id, entries);

  auto lookup = std::make_shared<Lookup>();
  lookup->slots.resize(std::bit_ceil(entries.size() * 2 + 1));
  lookup->mask = lookup->slots.size() - 1;
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (const Entry& entry : entries) {
    if (entry.name.size() > 255) throw std::length_error("element name " + entry.name);
    const auto [place, fresh] = places.try_emplace(entry.name, static_cast<std::uint32_t>(lookup->names.size()));
    if (fresh) lookup->names += entry.name;
    std::size_t at = hash(entry.owner, entry.name) & lookup->mask;
    while (lookup->slots[at].owner != no_element) at = (at + 1) & lookup->mask;
    lookup->slots[at] = {entry.owner, entry.element, place->second, entry.type, static_cast<std::uint8_t>(entry.name.size()),
                         entry.uses};
  }

  lookup->type_slots.resize(std::bit_ceil(types.size() * 2 + 1), no_type);
  lookup->type_mask = lookup->type_slots.size() - 1;
  for (TypeId id = 0; id < types.size(); ++id) {
    std::size_t at = hash(0, type_name(id)) & lookup->type_mask;
    while (lookup->type_slots[at] != no_type) at = (at + 1) & lookup->type_mask;
    lookup->type_slots[at] = id;
  }
  lookup_ = std::move(lookup);
}

TypeId Schema::type(std::string_view name) const {
  for (std::size_t at = hash(0, name) & lookup_->type_mask;; at = (at + 1) & lookup_->type_mask) {
    const TypeId id = lookup_->type_slots[at];
    if (id == no_type || type_name(id) == name) return id;
  }
}

TypeId Schema::resource_type(std::string_view name) const {
  const TypeId id = type(name);
  return id != no_type && types[id].kind == TypeKind::resource && !types[id].abstract ? id : no_type;
}

bool Schema::is_a(TypeId type, TypeId base) const {
  while (type != no_type && type != base) type = types[type].base;
  return type == base && type != no_type;
}

ElementId Schema::children_owner(ElementId element, TypeId type) const {
  const ElementRow& row = elements[element];
  if (row.children.count != 0) return element;
  if (row.content_reference != no_element) return row.content_reference;
  return types[type].root;
}

Schema::Child Schema::child(ElementId owner, std::string_view json_name) const {
  const Slot* slot = lookup_->find(owner, json_name, in_json);
  return slot == nullptr ? Child{} : Child{slot->element, slot->type};
}

ElementId Schema::child_by_name(ElementId owner, std::string_view name) const {
  const Slot* slot = lookup_->find(owner, name, in_path);
  return slot == nullptr ? no_element : slot->element;
}

const Schema& r4() {
  static const Schema schema = [] {
    Schema tables = r4_tables();
    tables.index();
    return tables;
  }();
  return schema;
}

}  // namespace model
