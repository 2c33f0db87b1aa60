#include "tests/search/oracle.h"

namespace oracle {

const std::vector<std::string> type_names = {"Patient", "Observation", "Encounter", "Condition", "RiskAssessment"};

namespace {

namespace json = boost::json;
using Pool = std::vector<std::string>;

const std::string& pick(Random& random, const Pool& pool) { return pool[below(random, pool.size())]; }
bool chance(Random& random, std::size_t percent) { return below(random, 100) < percent; }

const Pool words = {"Smith",       "Smithers", "M\xc3\xbcller", "Muller", "m\xc3\xbcller", "\xc3\x84ppel", "Apple",
                    "Ren\xc3\xa9", "Renee",    "Zorn",          "zorn",   "Abe",           "Abelard"};
const Pool genders = {"male", "female", "other", "unknown"};
const Pool observation_status = {"final", "preliminary", "amended"};
const Pool encounter_status = {"planned", "finished", "in-progress"};
const Pool systems = {"http://loinc.org", "http://snomed.info/sct", "http://example.org/a,b", ""};
const Pool code_pool = {"1234-5", "8480-6", "8462-4", "X", "x1", "a$b"};
const Pool units = {"mg", "kg", "mm[Hg]"};
const Pool profiles = {"http://example.org/p1", "http://example.org/p2", "http://example.org/p1/x"};
const Pool sources = {"urn:a", "urn:b", "http://example.org/source"};

std::string two(std::size_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

std::string random_date(Random& random, bool times) {
  std::string out = std::to_string(2018 + below(random, 4));
  if (chance(random, 15)) return out;
  out += "-" + two(1 + below(random, 12));
  if (chance(random, 15)) return out;
  out += "-" + two(1 + below(random, 28));
  if (!times || chance(random, 40)) return out;
  out += "T" + two(below(random, 24)) + ":" + two(below(random, 60)) + ":" + two(below(random, 60));
  static const Pool zones = {"Z", "+02:00", "-05:30"};
  return out + pick(random, zones);
}

std::string random_decimal(Random& random) {
  std::string out = std::to_string(below(random, 12));
  const std::size_t places = below(random, 4);
  if (places > 0) out += ".";
  for (std::size_t i = 0; i < places; ++i) out += std::to_string(chance(random, 50) ? 5 * below(random, 2) : below(random, 10));
  return out;
}
// Boost.JSON writes doubles its own way: the number goes in as text that the caller puts in later.
json::value number(const std::string& text) { return json::value(std::stod(text)); }

json::object coding(Random& random) {
  json::object out;
  if (const std::string& system = pick(random, systems); !system.empty()) out["system"] = system;
  out["code"] = pick(random, code_pool);
  return out;
}
json::object concept_of(Random& random) {
  json::array all;
  for (std::size_t i = 0; i <= below(random, 2); ++i) all.push_back(coding(random));
  return {{"coding", all}};
}
json::object quantity(Random& random) {
  json::object out{{"value", number(random_decimal(random))}};
  const std::string unit = pick(random, units);
  if (chance(random, 80)) {
    out["system"] = "http://unitsofmeasure.org";
    out["code"] = unit;
  }
  out["unit"] = unit;
  return out;
}
json::object period(Random& random) {
  json::object out;
  const std::string a = random_date(random, true), b = random_date(random, true);
  const bool start = chance(random, 85), end = !start || chance(random, 80);
  // Both ends with a year between, so that no period ends before it begins.
  if (start && end) {
    const std::string first = "201" + std::to_string(6 + below(random, 3)) + a.substr(4);
    out["start"] = first;
    out["end"] = b.substr(0, 4) < "2019" ? "2019" + b.substr(4) : b;
  } else if (start) {
    out["start"] = a;
  } else {
    out["end"] = b;
  }
  return out;
}
json::object reference(Random& random, const Pool& types) {
  return {{"reference", pick(random, types) + "/r" + std::to_string(below(random, 12))}};
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ',' || c == '$' || c == '|') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string random_token(Random& random, const Parameter& row) {
  if (row.code == "gender") return pick(random, genders);
  if (row.code == "active") return chance(random, 50) ? "true" : "false";
  if (row.code == "status") return pick(random, row.type == "Observation" ? observation_status : encounter_status);
  if (row.code == "phone") return "555-" + std::to_string(below(random, 8));
  if (row.code == "identifier") {
    const std::string value = "id" + std::to_string(below(random, 40));
    return chance(random, 50) ? "http://ids.org|" + value : value;
  }
  const std::string& code = pick(random, code_pool);
  const std::string& system = pick(random, systems);
  switch (below(random, 4)) {
    case 0:
      return code;
    case 1:
      return system.empty() ? code : system + "|";
    default:
      return system + "|" + code;
  }
}

std::string random_value(Random& random, const Parameter& row) {
  static const Pool prefixes = {"", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
  switch (row.kind) {
    case Kind::string: {
      const std::string word = pick(random, words);
      return chance(random, 40) ? word.substr(0, 1 + below(random, 3)) : word;
    }
    case Kind::token:
      return random_token(random, row);
    case Kind::date:
      return pick(random, prefixes) + random_date(random, true);
    case Kind::number:
      return pick(random, prefixes) + random_decimal(random);
    case Kind::quantity: {
      const std::string value = pick(random, prefixes) + random_decimal(random);
      switch (below(random, 3)) {
        case 0:
          return value;
        case 1:
          return value + "||" + pick(random, units);
        default:
          return value + "|http://unitsofmeasure.org|" + pick(random, units);
      }
    }
    case Kind::reference: {
      const std::string id = "r" + std::to_string(below(random, 12));
      if (chance(random, 40)) return id;
      static const Pool any = {"Patient", "Group", "Organization", "Practitioner", "Encounter"};
      return pick(random, any) + "/" + id;
    }
    case Kind::uri:
      return pick(random, row.code == "_profile" ? profiles : sources);
    case Kind::composite: {
      const Parameter& code = *parameter("Observation", "code");
      const Parameter& quantity = *parameter("Observation", "value-quantity");
      std::string left;
      do left = random_token(random, code);
      while (left.find('$') != std::string::npos);
      return left + "$" + random_value(random, quantity);
    }
  }
  return {};
}

// Strings that end inside a UTF-8 character would be no text.
bool whole(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = byte < 0x80 ? 1 : 2;
    if (i + length > text.size()) return false;
    i += length;
  }
  return true;
}

// Of all types only what every resource has.
bool may_ask(const Search& search, const std::string& code) {
  return common(search.types, code) && (search.by_type || search.named || code[0] == '_');
}

Criterion random_criterion(Random& random, const Search& search) {
  Criterion out;
  const std::size_t roll = below(random, 100);
  const std::size_t values = chance(random, 30) ? 2 + below(random, 3) : 1;
  if (roll < 4) {
    out.name = "_id";
    if (chance(random, 20)) out.modifier = "not";
    for (std::size_t i = 0; i < values * 3; ++i) out.values.push_back("r" + std::to_string(below(random, 120)));
    return out;
  }
  if (roll < 7) {
    static const Pool prefixes = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb"};
    out.name = "_lastUpdated";
    out.values.push_back(pick(random, prefixes) + "2023-11-1" + std::to_string(4 + below(random, 4)) +
                         (chance(random, 70) ? "T" + two(below(random, 24)) + ":" + two(below(random, 60)) + ":00Z" : ""));
    return out;
  }
  std::vector<const Parameter*> rows;
  for (const Parameter& row : parameters()) {
    if (row.type == search.types.front() && may_ask(search, row.code)) rows.push_back(&row);
  }
  const Parameter& row = *rows[below(random, rows.size())];
  out.name = row.code;
  if (row.kind != Kind::composite && chance(random, 12)) {  // R4: for all parameters but combinations
    out.modifier = "missing";
    out.values.push_back(chance(random, 50) ? "true" : "false");
    return out;
  }
  if (row.kind == Kind::token && chance(random, 20)) out.modifier = "not";
  if (row.kind == Kind::string && chance(random, 40)) out.modifier = chance(random, 50) ? "exact" : "contains";
  if (row.kind == Kind::reference && row.code == "subject" && chance(random, 30)) out.modifier = "Patient";
  while (out.values.size() < values) {
    std::string value = random_value(random, row);
    if (!whole(value)) continue;
    if (out.modifier == "Patient" && value.find('/') != std::string::npos) value = value.substr(value.find('/') + 1);
    out.values.push_back(std::move(value));
  }
  return out;
}

}  // namespace

json::object random_resource(Random& random, const std::string& type, const std::string& id) {
  json::object out{{"resourceType", type}, {"id", id}};
  json::object meta;
  if (chance(random, 30)) meta["profile"] = {pick(random, profiles)};
  if (chance(random, 20)) meta["source"] = pick(random, sources);
  if (chance(random, 30)) meta["tag"] = json::array{coding(random)};
  if (!meta.empty()) out["meta"] = meta;
  static const Pool people = {"Patient", "Practitioner", "RelatedPerson"};
  static const Pool subjects = {"Patient", "Patient", "Group"};
  if (type == "Patient") {
    json::array names;
    for (std::size_t i = below(random, 3); i > 0; --i) {
      json::object name;
      if (chance(random, 80)) name["family"] = pick(random, words);
      if (name.empty() || chance(random, 60)) name["given"] = {pick(random, words)};
      names.push_back(name);
    }
    if (!names.empty()) out["name"] = names;
    if (chance(random, 80)) out["gender"] = pick(random, genders);
    if (chance(random, 60)) out["active"] = chance(random, 50);
    if (chance(random, 80)) out["birthDate"] = random_date(random, false);
    if (chance(random, 70)) {
      out["identifier"] = json::array{{{"system", "http://ids.org"}, {"value", "id" + std::to_string(below(random, 40))}}};
    }
    if (chance(random, 40)) {
      out["telecom"] =
          json::array{{{"system", chance(random, 60) ? "phone" : "fax"}, {"value", "555-" + std::to_string(below(random, 8))}}};
    }
    if (chance(random, 50)) out["address"] = json::array{{{"city", pick(random, words)}}};
    if (chance(random, 50)) out["managingOrganization"] = reference(random, {"Organization"});
    if (chance(random, 40)) out["generalPractitioner"] = json::array{reference(random, {"Practitioner", "Organization"})};
    if (chance(random, 30)) {
      out["link"] = json::array{{{"other", reference(random, {"Patient", "RelatedPerson"})}, {"type", "seealso"}}};
    }
  } else if (type == "Observation") {
    out["status"] = pick(random, observation_status);
    out["code"] = concept_of(random);
    if (chance(random, 60)) out["category"] = json::array{concept_of(random)};
    if (chance(random, 85)) out["subject"] = reference(random, {"Patient", "Patient", "Patient", "Group", "Device"});
    if (chance(random, 40)) out["encounter"] = reference(random, {"Encounter"});
    if (chance(random, 40)) out["performer"] = json::array{reference(random, people), reference(random, people)};
    if (chance(random, 20)) out["device"] = reference(random, {"Device"});
    if (chance(random, 60))
      out["effectiveDateTime"] = random_date(random, true);
    else if (chance(random, 60))
      out["effectivePeriod"] = period(random);
    switch (below(random, 4)) {
      case 0:
      case 1:
        out["valueQuantity"] = quantity(random);
        break;
      case 2:
        out["valueCodeableConcept"] = concept_of(random);
        break;
      default:
        out["valueString"] = pick(random, words);
    }
  } else if (type == "Encounter") {
    out["status"] = pick(random, encounter_status);
    out["class"] = coding(random);
    if (chance(random, 60)) out["type"] = json::array{concept_of(random), concept_of(random)};
    if (chance(random, 80)) out["subject"] = reference(random, subjects);
    if (chance(random, 80)) out["period"] = period(random);
    if (chance(random, 50)) out["length"] = quantity(random);
    if (chance(random, 40)) {
      out["participant"] = json::array{{{"individual", reference(random, {"Practitioner", "RelatedPerson"})}}};
    }
  } else if (type == "Condition") {
    out["subject"] = reference(random, subjects);
    if (chance(random, 40)) out["encounter"] = reference(random, {"Encounter"});
    if (chance(random, 30)) out["asserter"] = reference(random, people);
    if (chance(random, 30)) out["recorder"] = reference(random, {"Practitioner"});
    if (chance(random, 80)) out["code"] = concept_of(random);
    if (chance(random, 50)) out["clinicalStatus"] = concept_of(random);
    switch (below(random, 4)) {
      case 0:
        out["onsetDateTime"] = random_date(random, true);
        break;
      case 1:
        out["onsetPeriod"] = period(random);
        break;
      case 2:
        out["onsetAge"] = quantity(random);
        break;
      default:
        break;
    }
    if (chance(random, 60)) out["recordedDate"] = random_date(random, true);
  } else {
    out["status"] = "final";
    out["subject"] = reference(random, {"Patient", "Group"});
    if (chance(random, 40)) out["performer"] = reference(random, {"Practitioner", "Device"});
    json::array predictions;
    for (std::size_t i = below(random, 3); i > 0; --i)
      predictions.push_back(json::object{{"probabilityDecimal", number(random_decimal(random))}});
    if (!predictions.empty()) out["prediction"] = predictions;
  }
  return out;
}

std::string Search::path() const {
  const std::string searched = by_type ? types.front() : owner.empty() ? "" : "*";
  return owner.empty() ? searched : owner + "/" + searched;
}

std::string Search::url() const {
  std::string out = path();
  char separator = '?';
  if (named) {
    out += "?_type=";
    for (std::size_t i = 0; i < types.size(); ++i) out += (i != 0 ? "," : "") + types[i];
    separator = '&';
  }
  const auto append = [&](const std::string& text) {
    static const char* digits = "0123456789ABCDEF";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == ',' || c == ':' || c == '/') {
        out.push_back(c);
      } else {
        out.push_back('%');
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
      }
    }
  };
  for (const Criterion& criterion : criteria) {
    out.push_back(separator);
    separator = '&';
    out += criterion.name + (criterion.modifier.empty() ? "" : ":" + criterion.modifier) + "=";
    const Parameter* row = parameter(types.front(), criterion.name);
    for (std::size_t i = 0; i < criterion.values.size(); ++i) {
      if (i != 0) out.push_back(',');
      // The separators of the value's own grammar stay; what belongs to a system or code is escaped.
      std::string text;
      for (const char c : criterion.values[i]) {
        const bool own = c == '|' || (c == '$' && row != nullptr && row->kind == Kind::composite);
        text += own ? std::string(1, c) : escaped(std::string(1, c));
      }
      append(text);
    }
  }
  if (!sort.empty()) {
    out.push_back(separator);
    out += "_sort=";
    for (std::size_t i = 0; i < sort.size(); ++i) out += (i != 0 ? "," : "") + sort[i];
  }
  return out;
}

namespace {

// A type, several, all; of a compartment or not.
Search random_scope(Random& random) {
  Search out;
  std::vector<std::string> all = type_names;
  if (chance(random, 35)) {
    static const Pool owners = {"Patient", "Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"};
    const std::string& compartment = pick(random, owners);
    out.owner = compartment + "/r" + std::to_string(below(random, 14));
    all.clear();
    for (const Membership& row : memberships) {
      if (row.compartment == compartment) all.push_back(row.type);
    }
  }
  if (chance(random, 60)) {
    out.types = {pick(random, all)};
    return out;
  }
  out.by_type = false;
  out.named = chance(random, 75);
  if (!out.named) {
    out.types = all;
    return out;
  }
  for (std::size_t i = 1 + below(random, all.size()); i > 0; --i) {
    const std::size_t at = below(random, all.size());
    out.types.push_back(all[at]);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return out;
}

}  // namespace

Search random_search(Random& random) {
  Search out = random_scope(random);
  for (std::size_t i = below(random, 4); i > 0; --i) out.criteria.push_back(random_criterion(random, out));
  // Two conditions on one parameter, as ranges have.
  if (!out.criteria.empty() && chance(random, 35)) {
    for (int attempt = 0; attempt < 60; ++attempt) {
      Criterion again = random_criterion(random, out);
      if (again.name != out.criteria[0].name) continue;
      out.criteria.push_back(std::move(again));
      break;
    }
  }
  if (chance(random, 55)) {
    std::vector<std::string> names = {"_id", "_lastUpdated"};
    for (const Parameter& row : parameters()) {
      if (row.type == out.types.front() && row.kind != Kind::composite && may_ask(out, row.code)) names.push_back(row.code);
    }
    for (std::size_t i = 1 + below(random, 3); i > 0; --i) {
      const std::size_t at = below(random, names.size());
      out.sort.push_back((chance(random, 50) ? "-" : "") + names[at]);
      names.erase(names.begin() + static_cast<std::ptrdiff_t>(at));
    }
    // After an id nothing counts, within a type.
    for (std::size_t i = 0; i < out.sort.size() && out.types.size() == 1; ++i) {
      if (out.sort[i].ends_with("_id")) out.sort.resize(i + 1);
    }
  }
  return out;
}

}  // namespace oracle
