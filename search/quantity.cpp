// quantity: numbers with their units (R4 search.html#quantity).
//
//   \x02 unit \0 number system                  of the code; and of the human unit where it reads otherwise, without a system
//   \x03 number                                 for searches whatever the unit, and for sorting
//   \x04 unit \0 system \0 low high             of ranges: Range, SampledData, a comparator ("<5" is all up to 5)
//   \x05 low high
//   \x06 number code \0 system \0 unit          in composites: one term that answers all
//   \x07 low high code \0 system \0 unit
#include "search/quantity.h"

#include "search/number.h"
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr char tag_number = '\x03', tag_unit_range = '\x04', tag_range = '\x05', tag_component = '\x06',
               tag_component_range = '\x07';
constexpr std::size_t unit_limit = 120, system_limit = 200, component_unit_limit = 40, component_system_limit = 80;
constexpr std::string_view currencies = "urn:iso:std:iso:4217";  // R4 datatypes.html#Money

std::string part(std::string_view text, std::size_t limit) {
  std::string out;
  put_part(out, text, limit);
  return out;
}

void read_unit(const Children& child, Unit& unit) {
  if (child.is("unit")) unit.text = child.text();
  if (child.is("code")) unit.code = child.text();
  if (child.is("system")) unit.system = child.text();
}

void put_component(const Bounds& bounds, bool point, const Unit& unit, TermSink& sink) {
  std::string term(1, point ? tag_component : tag_component_range);
  term.append(bounds.low);
  if (!point) term.append(bounds.high);
  put_part(term, unit.code, component_unit_limit);
  term.push_back('\0');
  put_part(term, unit.system, component_system_limit);
  term.push_back('\0');
  put_part(term, unit.text, component_unit_limit);
  sink.put(std::move(term));
}

void put_unit(std::string_view unit, std::string_view system, const Bounds& bounds, bool point, TermSink& sink) {
  if (unit.empty()) return;
  std::string term(1, point ? tag_value : tag_unit_range);
  put_part(term, unit, unit_limit);
  term.push_back('\0');
  if (point) {
    term.append(bounds.low);
    put_part(term, system, system_limit);
  } else {
    put_part(term, system, system_limit);
    term.push_back('\0');
    term.append(bounds.low).append(bounds.high);
  }
  sink.put(std::move(term));
}

void put_value(const Bounds& bounds, const Unit& unit, Extraction& extraction) {
  if (!bounds.sound()) return;
  const bool point = bounds.low == bounds.high;
  if (extraction.form == Form::component) return put_component(bounds, point, unit, extraction.sink);
  std::string term(1, point ? tag_number : tag_range);
  term.append(bounds.low);
  if (!point) term.append(bounds.high);
  extraction.sink.put(std::move(term));
  put_unit(unit.code, unit.system, bounds, point, extraction.sink);
  if (unit.text != unit.code) put_unit(unit.text, {}, bounds, point, extraction.sink);
}

void put_quantity(model::NodeRef quantity, Extraction& extraction) {
  Unit unit;
  std::string_view number, comparator;
  for (Children child(quantity); child.next();) {
    if (child.is("value")) number = child.text();
    if (child.is("comparator")) comparator = child.text();
    if (child.is("currency")) unit = {child.text(), currencies, child.text()};
    read_unit(child, unit);
  }
  const std::optional<model::Decimal> value = model::Decimal::parse(number);
  if (!value) return;
  Bounds bounds{ordered(*value), ordered(*value)};
  if (comparator.starts_with('<')) bounds.low = {no_low};
  if (comparator.starts_with('>')) bounds.high = {no_high};
  put_value(bounds, unit, extraction);
}

void put_range(model::NodeRef range, Extraction& extraction) {
  Unit unit;
  for (Children child(range); child.next();) {
    if (!child.is("low") && !child.is("high")) continue;
    for (Children bound(child.node()); bound.next();) read_unit(bound, unit);
  }
  put_value(range_bounds(range), unit, extraction);
}

// What a query names: unit (empty: any), system (empty: any, and the human unit too).
struct UnitCondition {
  std::string unit, system;
};

std::shared_ptr<const TermPredicate> predicate(TermPredicate test) {
  return std::make_shared<const TermPredicate>(std::move(test));
}

// tag_unit_range behind "unit \0": system \0 low high.
bool unit_range_holds(std::string_view rest, const std::string& system, const NumberCondition& condition) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos || (!system.empty() && rest.substr(0, end) != system)) return false;
  rest.remove_prefix(end + 1);
  std::string_view low, high;
  return take_bound(rest, low) && take_bound(rest, high) && condition.holds(low, high);
}

void whole_scans(const NumberCondition& condition, std::string_view unit, std::string_view system, Scans& out) {
  const std::string cut_system = part(system, system_limit);
  if (unit.empty()) {
    condition.point_scans(std::string(1, tag_number), nullptr, out);
    out.push_back(
        range_scan(std::string(1, tag_range), std::string(1, tag_component), predicate([condition](std::string_view term) {
                     std::string_view low, high;
                     term.remove_prefix(1);
                     return take_bound(term, low) && take_bound(term, high) && condition.holds(low, high);
                   })));
    return;
  }
  std::string start = tag_value + part(unit, unit_limit) + '\0';
  const std::size_t behind = start.size();
  std::shared_ptr<const TermPredicate> of_system;
  if (!cut_system.empty()) {
    of_system = predicate([cut_system, behind](std::string_view term) {
      std::string_view number;
      term.remove_prefix(behind);
      return take_bound(term, number) && term == cut_system;
    });
  }
  condition.point_scans(start, of_system, out);
  start[0] = tag_unit_range;
  std::string end = after_prefix(start);
  out.push_back(range_scan(std::move(start), std::move(end), predicate([condition, cut_system, behind](std::string_view term) {
                             return unit_range_holds(term.substr(behind), cut_system, condition);
                           })));
}

// Does "code \0 system \0 unit" name the unit asked for?
bool is_unit(std::string_view bytes, const UnitCondition& wanted) {
  if (wanted.unit.empty()) return true;
  const std::size_t code_end = bytes.find('\0');
  if (code_end == std::string_view::npos) return false;
  const std::size_t system_end = bytes.find('\0', code_end + 1);
  if (system_end == std::string_view::npos) return false;
  const std::string_view code = bytes.substr(0, code_end), system = bytes.substr(code_end + 1, system_end - code_end - 1);
  if (!wanted.system.empty()) return code == wanted.unit && system == wanted.system;
  return code == wanted.unit || bytes.substr(system_end + 1) == wanted.unit;
}

void component_scans(const NumberCondition& condition, std::string_view unit, std::string_view system, Scans& out) {
  const UnitCondition wanted{part(unit, component_unit_limit), part(system, component_system_limit)};
  std::shared_ptr<const TermPredicate> of_unit;
  if (!unit.empty()) {
    of_unit = predicate([wanted](std::string_view term) {
      std::string_view number;
      term.remove_prefix(1);
      return take_bound(term, number) && is_unit(term, wanted);
    });
  }
  condition.point_scans(std::string(1, tag_component), of_unit, out);
  out.push_back(range_scan(std::string(1, tag_component_range), std::string(1, tag_component_range + 1),
                           predicate([condition, wanted](std::string_view term) {
                             std::string_view low, high;
                             term.remove_prefix(1);
                             return take_bound(term, low) && take_bound(term, high) && condition.holds(low, high) &&
                                    is_unit(term, wanted);
                           })));
}

}  // namespace

bool extract_quantity(model::NodeRef value, Extraction& extraction) {
  switch (extraction.datatypes.of(value)) {
    case Datatype::quantity:
    case Datatype::money:
      put_quantity(value, extraction);
      return true;
    case Datatype::range:
      put_range(value, extraction);
      return true;
    case Datatype::sampled_data: {
      const SampledBounds sampled = sampled_bounds(value);
      put_value({sampled.low, sampled.high}, sampled.unit, extraction);
      return true;
    }
    default:
      return false;
  }
}

model::Result<void> quantity_scans(const ScanContext& context, std::string_view value, Form form, Scans& out) {
  const std::vector<std::string_view> parts = split_unescaped(value, '|');
  if (parts.size() == 2 || parts.size() > 3) {
    return bad_value(context, value, "is no quantity: write number, number|system|code, or number||unit");
  }
  const std::optional<NumberCondition> condition = NumberCondition::parse(unescape(parts[0]));
  if (!condition) return bad_value(context, value, "does not begin with a number");
  std::string unit, system;
  if (parts.size() == 3) {
    system = unescape(parts[1]);
    unit = unescape(parts[2]);
    if (unit.empty() && !system.empty()) return bad_value(context, value, "names a system of units but no unit");
  }
  (form == Form::whole ? whole_scans : component_scans)(*condition, unit, system, out);
  return {};
}

std::string_view quantity_sort_key(std::string_view term) {
  if (term.front() == tag_number) return term.substr(1);
  if (term.front() != tag_range) return {};
  std::string_view rest = term.substr(1), low;
  return take_bound(rest, low) ? low : std::string_view();
}

}  // namespace search
