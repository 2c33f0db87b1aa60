#include "search/segment_keys.h"

#include <algorithm>

#include "search/segment_bytes.h"

namespace search {

Keys::Keys(const model::Schema& schema) : schema_(schema) {
  const auto& types = schema.types;
  of_type_.resize(types.size());
  for (std::size_t t = 0; t < types.size(); ++t) {
    if (types[t].kind != model::TypeKind::resource || types[t].abstract || types[t].constraint) continue;
    const auto type = static_cast<model::TypeId>(t);
    const std::string_view type_name = schema.type_name(type);
    rows_.push_back({type_name, {}, {type, every_document}, false, false});
    for (std::size_t p = 0; p < schema.search_parameters.size(); ++p) {
      const auto& row = schema.search_parameters[p];
      const auto bases = model::Schema::rows(schema.parameter_bases, row.bases);
      if (std::none_of(bases.begin(), bases.end(), [&](model::TypeId base) { return schema.is_a(type, base); })) continue;
      using enum model::ParameterType;
      const bool column = row.type != composite && row.type != special;
      const bool bloom = row.type == token || row.type == reference || row.type == uri;
      rows_.push_back({type_name, schema.text(row.code), {type, static_cast<model::ParameterId>(p)}, column, bloom});
    }
  }
  const auto before = [](const Row& a, const Row& b) { return a.type != b.type ? a.type < b.type : a.name < b.name; };
  std::sort(rows_.begin(), rows_.end(), before);

  std::vector<std::uint32_t> order(rows_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rows_[a].key < rows_[b].key; });
  for (const std::uint32_t row : order) {
    model::Range& range = of_type_[rows_[row].key.type];
    if (range.count++ == 0) range.first = static_cast<std::uint32_t>(positions_.size());
    positions_.push_back({rows_[row].key.parameter, row});
  }

  std::string all;
  put<std::uint32_t>(all, term_format);
  for (const Row& row : rows_) {
    put_text(all, row.type);
    put_text(all, row.name);
    if (row.key.parameter == every_document) continue;
    const auto& parameter = schema.search_parameters[row.key.parameter];
    all.push_back(static_cast<char>(parameter.type));
    put_text(all, schema.text(parameter.expression));
    for (const auto& component : model::Schema::rows(schema.components, parameter.components))
      put_text(all, schema.text(component.expression));
  }
  fingerprint_ = hash_term(all);
}

const Keys::Row* Keys::find(std::string_view type, std::string_view name) const {
  const auto at = std::lower_bound(rows_.begin(), rows_.end(), 0,
                                   [&](const Row& row, int) { return row.type != type ? row.type < type : row.name < name; });
  return at != rows_.end() && at->type == type && at->name == name ? &*at : nullptr;
}

std::span<const Keys::Position> Keys::of_type(model::TypeId type) const {
  if (type >= of_type_.size()) return {};
  return std::span(positions_).subspan(of_type_[type].first, of_type_[type].count);
}

}  // namespace search
