#include "tests/search/oracle.h"

#include <algorithm>
#include <chrono>

namespace oracle {
namespace {

namespace json = boost::json;

// All values at a dotted path; arrays on the way are flattened.
void at_path(const json::value& value, std::string_view path, std::vector<const json::value*>& out) {
  if (value.is_array()) {
    for (const json::value& item : value.as_array()) at_path(item, path, out);
  } else if (path.empty()) {
    out.push_back(&value);
  } else if (value.is_object()) {
    const auto dot = path.find('.');
    if (const json::value* child = value.as_object().if_contains(path.substr(0, dot))) {
      at_path(*child, dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1), out);
    }
  }
}
std::vector<const json::value*> at_path(const json::object& object, std::string_view path) {
  std::vector<const json::value*> out;
  const auto dot = path.find('.');
  if (const json::value* child = object.if_contains(path.substr(0, dot))) {
    at_path(*child, dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1), out);
  }
  return out;
}
std::string member(const json::value& value, std::string_view name) {
  const json::value* child = value.as_object().if_contains(name);
  return child != nullptr ? std::string(child->as_string()) : std::string();
}

std::int64_t days(int year, int month, int day) {
  using namespace std::chrono;
  return sys_days(std::chrono::year(year) / month / day).time_since_epoch().count();
}

// yyyy, yyyy-mm, yyyy-mm-dd, yyyy-mm-ddThh:mm:ssZ or with an offset; as seconds [low, high).
std::pair<std::int64_t, std::int64_t> date_range(const std::string& text) {
  const auto number = [&](std::size_t at, std::size_t length) { return std::stoi(text.substr(at, length)); };
  const int year = number(0, 4);
  if (text.size() == 4) return {days(year, 1, 1) * 86400, days(year + 1, 1, 1) * 86400};
  const int month = number(5, 2);
  if (text.size() == 7)
    return {days(year, month, 1) * 86400, (month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)) * 86400};
  const std::int64_t day = days(year, month, number(8, 2)) * 86400;
  if (text.size() == 10) return {day, day + 86400};
  std::int64_t second = day + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
  if (text[19] != 'Z') {
    const std::int64_t offset = number(20, 2) * 3600 + number(23, 2) * 60;
    second += text[19] == '+' ? -offset : offset;
  }
  return {second, second + 1};
}

// Millionths of a decimal of at most six places, and half of its last place.
std::pair<std::int64_t, std::int64_t> decimal(const std::string& text) {
  const bool negative = text[0] == '-';
  std::int64_t value = 0, place = 1'000'000;
  bool point = false;
  for (const char c : text.substr(negative ? 1 : 0)) {
    if (c == '.') {
      point = true;
      continue;
    }
    value = value * 10 + (c - '0');
    if (point) place /= 10;
  }
  value *= place;
  return {negative ? -value : value, place / 2};
}

std::string folded(const std::string& text) {
  static const std::pair<std::string, std::string> rows[] = {{"\xc3\xa4", "a"}, {"\xc3\x84", "a"}, {"\xc3\xb6", "o"},
                                                             {"\xc3\x96", "o"}, {"\xc3\xbc", "u"}, {"\xc3\xa9", "e"},
                                                             {"\xc3\x89", "e"}};
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto row = std::find_if(std::begin(rows), std::end(rows),
                                  [&](const auto& r) { return text.compare(i, r.first.size(), r.first) == 0; });
    if (row != std::end(rows)) {
      out += row->second;
      i += row->first.size();
    } else {
      out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i++]))));
    }
  }
  return out;
}

using Values = std::vector<Value>;
using Read = std::function<Values(const json::object&)>;

Read strings(std::vector<std::string> paths) {
  return [paths = std::move(paths)](const json::object& resource) {
    Values out;
    for (const auto& path : paths) {
      for (const auto* value : at_path(resource, path)) out.emplace_back().text = std::string(value->as_string());
    }
    return out;
  };
}
Read codes(std::string path, std::string system) {  // code, boolean
  return [path = std::move(path), system = std::move(system)](const json::object& resource) {
    Values out;
    for (const auto* value : at_path(resource, path)) {
      Value& one = out.emplace_back();
      one.text = value->is_bool() ? (value->as_bool() ? "true" : "false") : std::string(value->as_string());
      one.system = system;
    }
    return out;
  };
}
Read codings(std::string path, std::string code = "code") {  // Coding; Identifier by its value
  return [path = std::move(path), code = std::move(code)](const json::object& resource) {
    Values out;
    for (const auto* value : at_path(resource, path)) {
      Value& one = out.emplace_back();
      one.text = member(*value, code);
      one.system = member(*value, "system");
    }
    return out;
  };
}
Values phones(const json::object& resource) {
  Values out;
  for (const auto* value : at_path(resource, "telecom")) {
    if (member(*value, "system") != "phone") continue;
    Value& one = out.emplace_back();
    one.text = member(*value, "value");
    one.caseless = true;
  }
  return out;
}
Read dates(std::vector<std::string> paths) {  // dateTime, date, Period
  return [paths = std::move(paths)](const json::object& resource) {
    Values out;
    for (const auto& path : paths) {
      for (const auto* value : at_path(resource, path)) {
        Value& one = out.emplace_back();
        if (value->is_string()) {
          std::tie(one.low, one.high) = date_range(std::string(value->as_string()));
          continue;
        }
        const std::string start = member(*value, "start"), end = member(*value, "end");
        one.low = start.empty() ? std::numeric_limits<std::int64_t>::min() : date_range(start).first;
        one.high = end.empty() ? std::numeric_limits<std::int64_t>::max() : date_range(end).second;
      }
    }
    return out;
  };
}
std::int64_t millionths(const json::value& value) {
  const double number = value.to_number<double>();
  return std::llround(number * 1e6);
}
Read numbers(std::string path) {
  return [path = std::move(path)](const json::object& resource) {
    Values out;
    for (const auto* value : at_path(resource, path)) out.emplace_back().number = millionths(*value);
    return out;
  };
}
Read quantities(std::string path) {
  return [path = std::move(path)](const json::object& resource) {
    Values out;
    for (const auto* value : at_path(resource, path)) {
      Value& one = out.emplace_back();
      one.number = millionths(value->as_object().at("value"));
      one.system = member(*value, "system");
      one.code = member(*value, "code");
      one.unit = member(*value, "unit");
    }
    return out;
  };
}
Read references(std::string path, std::string type = {}) {
  return [path = std::move(path), type = std::move(type)](const json::object& resource) {
    Values out;
    for (const auto* value : at_path(resource, path)) {
      const std::string text = member(*value, "reference");
      if (type.empty() || text.starts_with(type + "/")) out.emplace_back().text = text;
    }
    return out;
  };
}

// R4 search.html#prefix on ranges, for dates; a point is a range of nothing for numbers.
bool compare_date(const std::string& prefix, const Value& target, std::int64_t low, std::int64_t high) {
  const bool contains = low <= target.low && target.high <= high;
  if (prefix == "eq") return contains;
  if (prefix == "ne") return !contains;
  if (prefix == "gt") return target.high > high;
  if (prefix == "lt") return target.low < low;
  if (prefix == "ge") return target.high > low;
  if (prefix == "le") return target.low < high;
  if (prefix == "sa") return target.low >= high;
  if (prefix == "eb") return target.high <= low;
  std::abort();
}
bool compare_number(const std::string& prefix, std::int64_t target, std::int64_t value, std::int64_t half) {
  const bool equal = value - half <= target && target < value + half;
  if (prefix == "eq") return equal;
  if (prefix == "ne") return !equal;
  // "When a comparison prefix is provided, the implicit precision of the number is ignored."
  if (prefix == "gt" || prefix == "sa") return target > value;
  if (prefix == "lt" || prefix == "eb") return target < value;
  if (prefix == "ge") return target >= value;
  if (prefix == "le") return target <= value;
  std::abort();
}
std::pair<std::string, std::string> split_prefix(const std::string& value) {
  for (const char* prefix : {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"}) {
    if (value.starts_with(prefix)) return {prefix, value.substr(2)};
  }
  return {"eq", value};
}

bool matches_token(const Value& value, const std::string& wanted) {
  const auto bar = wanted.find('|');
  const auto same = [&](const std::string& code) {
    return value.caseless ? folded(value.text) == folded(code) : value.text == code;
  };
  if (bar == std::string::npos) return same(wanted);
  const std::string system = wanted.substr(0, bar), code = wanted.substr(bar + 1);
  return value.system == system && (code.empty() || same(code));
}
bool matches_quantity(const Value& value, const std::string& wanted) {
  const auto [prefix, rest] = split_prefix(wanted);
  const auto bar = rest.find('|');
  const auto [number, half] = decimal(rest.substr(0, bar));
  if (!compare_number(prefix, value.number, number, half)) return false;
  if (bar == std::string::npos) return true;
  const auto second = rest.find('|', bar + 1);
  const std::string system = rest.substr(bar + 1, second - bar - 1), code = rest.substr(second + 1);
  if (system.empty()) return value.code == code || value.unit == code;
  return value.system == system && value.code == code;
}
bool matches_reference(const Value& value, const std::string& modifier, const std::string& wanted) {
  if (wanted.find('/') != std::string::npos) return value.text == wanted;
  const auto slash = value.text.find('/');
  return value.text.substr(slash + 1) == wanted && (modifier.empty() || value.text.substr(0, slash) == modifier);
}

bool matches_value(Kind kind, const Value& value, const std::string& modifier, const std::string& wanted) {
  switch (kind) {
    case Kind::string:
      if (modifier == "exact") return value.text == wanted;
      if (modifier == "contains") return folded(value.text).find(folded(wanted)) != std::string::npos;
      return folded(value.text).starts_with(folded(wanted));
    case Kind::token:
      return matches_token(value, wanted);
    case Kind::date: {
      const auto [prefix, text] = split_prefix(wanted);
      const auto [low, high] = date_range(text);
      return compare_date(prefix, value, low, high);
    }
    case Kind::number: {
      const auto [prefix, text] = split_prefix(wanted);
      const auto [number, half] = decimal(text);
      return compare_number(prefix, value.number, number, half);
    }
    case Kind::quantity:
      return matches_quantity(value, wanted);
    case Kind::reference:
      return matches_reference(value, modifier, wanted);
    case Kind::uri:
      return value.text == wanted;
    case Kind::composite: {  // Observation.code $ Observation.valueQuantity
      const auto dollar = wanted.find('$');
      Value code;
      code.text = value.text;
      code.system = value.system;
      Value quantity = value;
      quantity.system = "http://unitsofmeasure.org";
      return matches_token(code, wanted.substr(0, dollar)) && matches_quantity(quantity, wanted.substr(dollar + 1));
    }
  }
  return false;
}

// What a value sorts by: bytes whose order is the values'.
std::string sort_bytes(Kind kind, const Value& value) {
  const auto number = [](std::int64_t n) {
    std::string out;
    const std::uint64_t bits = static_cast<std::uint64_t>(n) ^ std::uint64_t{1} << 63;
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(bits >> shift));
    return out;
  };
  switch (kind) {
    case Kind::string:
      return folded(value.text);
    case Kind::token:
      return value.caseless ? folded(value.text) : value.text + '\0' + value.system;
    case Kind::date:
      return number(value.low);
    case Kind::number:
    case Kind::quantity:
      return number(value.number);
    default:
      return value.text;
  }
}

Values code_value_quantity(const json::object& resource) {
  Values out;
  for (const Value& code : codings("code.coding")(resource)) {
    for (Value quantity : quantities("valueQuantity")(resource)) {
      quantity.text = code.text;
      quantity.system = code.system;
      out.push_back(std::move(quantity));
    }
  }
  return out;
}

}  // namespace

const std::vector<Parameter>& parameters() {
  static const std::vector<Parameter> rows = [] {
    std::vector<Parameter> all = {
        {"Patient", "name", Kind::string, strings({"name.family", "name.given", "name.text"})},
        {"Patient", "family", Kind::string, strings({"name.family"})},
        {"Patient", "given", Kind::string, strings({"name.given"})},
        {"Patient", "address-city", Kind::string, strings({"address.city"})},
        {"Patient", "gender", Kind::token, codes("gender", "http://hl7.org/fhir/administrative-gender")},
        {"Patient", "active", Kind::token, codes("active", "")},
        {"Patient", "identifier", Kind::token, codings("identifier", "value")},
        {"Patient", "phone", Kind::token, phones},
        {"Patient", "birthdate", Kind::date, dates({"birthDate"})},
        {"Patient", "organization", Kind::reference, references("managingOrganization")},
        {"Patient", "general-practitioner", Kind::reference, references("generalPractitioner")},
        {"Observation", "status", Kind::token, codes("status", "http://hl7.org/fhir/observation-status")},
        {"Observation", "code", Kind::token, codings("code.coding")},
        {"Observation", "category", Kind::token, codings("category.coding")},
        {"Observation", "subject", Kind::reference, references("subject")},
        {"Observation", "patient", Kind::reference, references("subject", "Patient")},
        {"Observation", "encounter", Kind::reference, references("encounter")},
        {"Observation", "date", Kind::date, dates({"effectiveDateTime", "effectivePeriod"})},
        {"Observation", "value-quantity", Kind::quantity, quantities("valueQuantity")},
        {"Observation", "value-concept", Kind::token, codings("valueCodeableConcept.coding")},
        {"Observation", "value-string", Kind::string, strings({"valueString"})},
        {"Observation", "code-value-quantity", Kind::composite, code_value_quantity},
        {"Encounter", "status", Kind::token, codes("status", "http://hl7.org/fhir/encounter-status")},
        {"Encounter", "class", Kind::token, codings("class")},
        {"Encounter", "type", Kind::token, codings("type.coding")},
        {"Encounter", "subject", Kind::reference, references("subject")},
        {"Encounter", "date", Kind::date, dates({"period"})},
        {"Encounter", "length", Kind::quantity, quantities("length")},
        {"Condition", "code", Kind::token, codings("code.coding")},
        {"Condition", "clinical-status", Kind::token, codings("clinicalStatus.coding")},
        {"Condition", "subject", Kind::reference, references("subject")},
        {"Condition", "onset-date", Kind::date, dates({"onsetDateTime", "onsetPeriod"})},
        {"Condition", "recorded-date", Kind::date, dates({"recordedDate"})},
        {"Condition", "onset-age", Kind::quantity, quantities("onsetAge")},
        {"RiskAssessment", "probability", Kind::number, numbers("prediction.probabilityDecimal")},
        {"RiskAssessment", "subject", Kind::reference, references("subject")},
    };
    for (const std::string& type : type_names) {
      all.push_back({type, "_tag", Kind::token, codings("meta.tag")});
      all.push_back({type, "_profile", Kind::uri, strings({"meta.profile"})});
      all.push_back({type, "_source", Kind::uri, strings({"meta.source"})});
    }
    return all;
  }();
  return rows;
}

const Parameter* parameter(const std::string& type, const std::string& code) {
  for (const Parameter& row : parameters()) {
    if (row.type == type && row.code == code) return &row;
  }
  return nullptr;
}

bool Oracle::satisfies(const std::string& type, const std::string& id, const Resource& resource,
                       const Criterion& criterion) const {
  const auto any = [&](const auto& holds) { return std::any_of(criterion.values.begin(), criterion.values.end(), holds); };
  if (criterion.name == "_id") {
    const bool found = any([&](const std::string& wanted) { return wanted == id; });
    return criterion.modifier == "not" ? !found : found;
  }
  if (criterion.name == "_lastUpdated") {
    return any([&](const std::string& wanted) {
      const auto [prefix, text] = split_prefix(wanted);
      const auto [low, high] = date_range(text);
      Value instant;
      instant.low = resource.updated;  // both in ms
      instant.high = resource.updated + 1;
      return compare_date(prefix, instant, low * 1000, high * 1000);
    });
  }
  const Parameter& row = *parameter(type, criterion.name);
  const std::vector<Value> values = row.values(resource.json);
  if (criterion.modifier == "missing")
    return any([&](const std::string& wanted) { return values.empty() == (wanted == "true"); });
  const bool found = any([&](const std::string& wanted) {
    return std::any_of(values.begin(), values.end(),
                       [&](const Value& value) { return matches_value(row.kind, value, criterion.modifier, wanted); });
  });
  return criterion.modifier == "not" ? !found : found;
}

bool common(const std::vector<std::string>& types, const std::string& code) {
  const Parameter* first = parameter(types.front(), code);
  return first != nullptr && std::all_of(types.begin(), types.end(), [&](const std::string& type) {
           const Parameter* row = parameter(type, code);
           return row != nullptr && row->kind == first->kind;
         });
}

std::vector<std::pair<std::string, std::uint64_t>> Oracle::run(const Search& search) const {
  struct Found {
    std::string name;
    const Resource* resource;
    std::vector<std::optional<std::string>> keys;
  };
  std::vector<Found> found;
  for (const auto& [type, resources] : types) {
    if (std::find(search.types.begin(), search.types.end(), type) == search.types.end()) continue;
    for (const auto& [id, resource] : resources) {
      const auto holds = [&, &t = type, &i = id, &r = resource](const Criterion& criterion) {
        return satisfies(t, i, r, criterion);
      };
      if (!search.owner.empty() && !belongs(search.owner, type, id, resource)) continue;
      if (!std::all_of(search.criteria.begin(), search.criteria.end(), holds)) continue;
      Found& one = found.emplace_back(Found{type + "/" + id, &resource, {}});
      for (const std::string& key : search.sort) {
        const bool descending = key[0] == '-';
        const std::string name = key.substr(descending ? 1 : 0);
        std::optional<std::string> best;
        if (name == "_id") {
          best = id;
        } else if (name == "_lastUpdated") {
          best = std::to_string(resource.updated);  // of thirteen digits each
        } else {
          const Parameter& row = *parameter(type, name);
          for (const Value& value : row.values(resource.json)) {
            std::string bytes = sort_bytes(row.kind, value);
            if (!best || (descending ? bytes > *best : bytes < *best)) best = std::move(bytes);
          }
        }
        one.keys.push_back(std::move(best));
      }
    }
  }
  const bool oldest_first = !search.sort.empty() && search.sort.back() == "_lastUpdated";
  std::sort(found.begin(), found.end(), [&](const Found& a, const Found& b) {
    for (std::size_t i = 0; i < search.sort.size(); ++i) {
      const bool descending = search.sort[i][0] == '-';
      if (a.keys[i] == b.keys[i]) continue;
      if (!a.keys[i] || !b.keys[i]) return a.keys[i].has_value();
      return descending ? *a.keys[i] > *b.keys[i] : *a.keys[i] < *b.keys[i];
    }
    return oldest_first ? a.resource->sequence < b.resource->sequence : a.resource->sequence > b.resource->sequence;
  });
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const Found& one : found) out.emplace_back(one.name, one.resource->version);
  return out;
}

}  // namespace oracle
