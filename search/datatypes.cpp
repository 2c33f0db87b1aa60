#include "search/datatypes.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace search {
namespace {

using model::Primitive;

Datatype of_primitive(Primitive primitive) {
  switch (primitive) {
    case Primitive::boolean:
      return Datatype::boolean;
    case Primitive::decimal:
    case Primitive::integer:
    case Primitive::positive_int:
    case Primitive::unsigned_int:
      return Datatype::number;
    case Primitive::string:
    case Primitive::markdown:
      return Datatype::text;
    case Primitive::code:
      return Datatype::code;
    case Primitive::id:
      return Datatype::id;
    case Primitive::uri:
    case Primitive::url:
    case Primitive::oid:
    case Primitive::uuid:
      return Datatype::uri;
    case Primitive::canonical:
      return Datatype::canonical;
    case Primitive::date:
      return Datatype::date;
    case Primitive::date_time:
      return Datatype::date_time;
    case Primitive::instant:
      return Datatype::instant;
    case Primitive::none:
    case Primitive::base64_binary:
    case Primitive::time:
    case Primitive::xhtml:
      break;
  }
  return Datatype::other;
}

constexpr std::array<std::pair<std::string_view, Datatype>, 13> complex_types = {{
    {"Coding", Datatype::coding},
    {"CodeableConcept", Datatype::codeable_concept},
    {"Identifier", Datatype::identifier},
    {"ContactPoint", Datatype::contact_point},
    {"HumanName", Datatype::human_name},
    {"Address", Datatype::address},
    {"Period", Datatype::period},
    {"Timing", Datatype::timing},
    {"Quantity", Datatype::quantity},  // and Age, Count, Distance, Duration, whose base it is
    {"Money", Datatype::money},
    {"Range", Datatype::range},
    {"SampledData", Datatype::sampled_data},
    {"Reference", Datatype::reference},
}};

}  // namespace

Datatypes::Datatypes(const model::Schema& schema)
    : schema_(schema), kinds_(schema.types.size(), Datatype::other), systems_(schema.code_sets.size()) {
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    const auto type = static_cast<model::TypeId>(i);
    kinds_[i] = of_primitive(schema.types[i].primitive);
    for (const auto& [name, kind] : complex_types) {
      const model::TypeId base = schema.type(name);
      if (base != model::no_type && schema.is_a(type, base)) kinds_[i] = kind;
    }
  }
  for (std::size_t i = 0; i < schema.code_sets.size(); ++i) {
    const std::span<const model::CodeRow> codes = model::Schema::rows(schema.codes, schema.code_sets[i].codes);
    if (codes.empty()) continue;
    const std::string_view system = schema.text(codes.front().system);
    const bool one =
        std::all_of(codes.begin(), codes.end(), [&](const model::CodeRow& row) { return schema.text(row.system) == system; });
    if (one) systems_[i] = system;
  }
}

std::string_view Datatypes::implied_system(model::NodeRef code) const {
  const std::uint32_t binding = schema_.elements[code.element()].binding;
  if (binding == model::no_row) return {};
  const std::uint32_t set = schema_.bindings[binding].code_set;
  if (set == model::no_row) return {};
  if (!systems_[set].empty()) return systems_[set];
  const std::span<const model::CodeRow> codes = model::Schema::rows(schema_.codes, schema_.code_sets[set].codes);
  const std::string_view text = code.text();
  const auto less = [&](const model::CodeRow& row, std::string_view key) { return schema_.text(row.code) < key; };
  const auto first = std::lower_bound(codes.begin(), codes.end(), text, less);
  if (first == codes.end() || schema_.text(first->code) != text) return {};
  const auto second = first + 1;
  if (second != codes.end() && schema_.text(second->code) == text) return {};
  return schema_.text(first->system);
}

}  // namespace search
