#include "resources-gen/generator/codes.h"

#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>

#include "resources-gen/generator/definitions.h"

namespace generator {

namespace {

struct Concept {
  std::string code;
  std::string display;
  std::size_t end;  // one past its last descendant: concepts stand depth first
};

struct CodeSystem {
  bool complete;
  std::vector<Concept> concepts;
};

struct Filter {
  std::string property, op, value;
};

// A ConceptSet of ValueSet.compose.
struct Part {
  bool exclude;
  std::string system;
  std::vector<Concept> concepts;
  std::vector<Filter> filters;
  std::vector<std::string> value_sets;
};

struct Terminology {
  std::map<std::string, CodeSystem, std::less<>> systems;
  std::map<std::string, std::vector<Part>, std::less<>> value_sets;
};

// (code, system) -> display
using Codes = std::map<std::pair<std::string, std::string>, std::string>;

void collect_concepts(const json::array& concepts, std::vector<Concept>& all) {
  for (const json::value& item : concepts) {
    const json::object& entry = item.as_object();
    const std::size_t place = all.size();
    all.push_back({text(entry, "code"), text(entry, "display"), 0});
    collect_concepts(list(entry, "concept"), all);
    all[place].end = all.size();
  }
}

void collect_parts(const json::object& compose, std::string_view member, std::vector<Part>& parts) {
  for (const json::value& item : list(compose, member)) {
    const json::object& set = item.as_object();
    Part part{member == "exclude", text(set, "system"), {}, {}, texts(set, "valueSet")};
    collect_concepts(list(set, "concept"), part.concepts);
    for (const json::value& filter : list(set, "filter"))
      part.filters.push_back(
          {text(filter.as_object(), "property"), text(filter.as_object(), "op"), text(filter.as_object(), "value")});
    parts.push_back(std::move(part));
  }
}

void collect(const json::object& resource, Terminology& terminology) {
  const std::string type = text(resource, "resourceType");
  if (type == "CodeSystem") {
    CodeSystem system{text(resource, "content") == "complete", {}};
    collect_concepts(list(resource, "concept"), system.concepts);
    terminology.systems.emplace(text(resource, "url"), std::move(system));
  } else if (type == "ValueSet") {
    std::vector<Part> parts;
    if (const json::value* compose = resource.if_contains("compose")) {
      collect_parts(compose->as_object(), "include", parts);
      collect_parts(compose->as_object(), "exclude", parts);
    }
    terminology.value_sets.emplace(text(resource, "url"), std::move(parts));
  }
}

// Expands one value set at a time; `expanding_` stops value sets that include themselves.
class Expander {
 public:
  explicit Expander(const Terminology& terminology) : terminology_(terminology) {}

  // nullopt unless every code can be had: R4 valueset.html#expansion.
  std::optional<Codes> expand(std::string_view url) {
    const auto found = terminology_.value_sets.find(without_version(url));
    if (found == terminology_.value_sets.end() || found->second.empty()) return std::nullopt;
    if (!expanding_.insert(found->first).second) return std::nullopt;
    std::optional<Codes> all = Codes{};
    for (const Part& part : found->second) {
      const std::optional<Codes> some = expand(part);
      if (!some) {
        all.reset();
        break;
      }
      for (const auto& [code, display] : *some) {
        if (part.exclude)
          all->erase(code);
        else
          all->emplace(code, display);
      }
    }
    expanding_.erase(found->first);
    return all;
  }

 private:
  // A part's codes are those of its system that are in all of its value sets.
  std::optional<Codes> expand(const Part& part) {
    std::optional<Codes> codes;
    if (!part.system.empty()) {
      codes = of_system(part);
      if (!codes) return std::nullopt;
    }
    for (const std::string& url : part.value_sets) {
      std::optional<Codes> other = expand(url);
      if (!other) return std::nullopt;
      if (codes) std::erase_if(*other, [&](const auto& entry) { return !codes->contains(entry.first); });
      codes = std::move(other);
    }
    return codes;
  }

  std::optional<Codes> of_system(const Part& part) const {
    const auto found = terminology_.systems.find(part.system);
    const CodeSystem* system = found == terminology_.systems.end() ? nullptr : &found->second;
    Codes codes;
    if (!part.concepts.empty()) {
      for (const Concept& entry : part.concepts)
        codes[{entry.code, part.system}] = entry.display.empty() ? display(system, entry.code) : entry.display;
      return codes;
    }
    if (system == nullptr || !system->complete) return std::nullopt;
    std::vector<bool> in(system->concepts.size(), true);
    for (const Filter& filter : part.filters)
      if (!apply(filter, *system, in)) return std::nullopt;
    for (std::size_t at = 0; at < in.size(); ++at)
      if (in[at]) codes[{system->concepts[at].code, part.system}] = system->concepts[at].display;
    return codes;
  }

  // http://hl7.org/fhir/R4/valueset-filter-operator.html, of the property "concept": the code system's own hierarchy.
  static bool apply(const Filter& filter, const CodeSystem& system, std::vector<bool>& in) {
    if (filter.property != "concept") return false;
    const bool is_a = filter.op == "is-a", is_not_a = filter.op == "is-not-a", descendent = filter.op == "descendent-of";
    if (!is_a && !is_not_a && !descendent) return false;
    std::vector<bool> below(in.size(), false);
    for (std::size_t at = 0; at < in.size(); ++at)
      if (system.concepts[at].code == filter.value)
        for (std::size_t under = at + (descendent ? 1 : 0); under < system.concepts[at].end; ++under) below[under] = true;
    for (std::size_t at = 0; at < in.size(); ++at) in[at] = in[at] && below[at] != is_not_a;
    return true;
  }

  static std::string display(const CodeSystem* system, std::string_view code) {
    if (system != nullptr)
      for (const Concept& entry : system->concepts)
        if (entry.code == code) return entry.display;
    return {};
  }

  const Terminology& terminology_;
  std::set<std::string, std::less<>> expanding_;
};

}  // namespace

void read_codes(const std::filesystem::path& definitions, Tables& tables) {
  Terminology terminology;
  for (const char* file : {"valuesets.json", "v3-codesystems.json", "v2-tables.json"})
    for_each_resource(definitions / file, [&](const json::object& resource) { collect(resource, terminology); });

  std::map<std::string, std::vector<std::uint32_t>> users;  // value set -> its required bindings
  for (std::uint32_t at = 0; at < tables.bindings.size(); ++at)
    if (tables.bindings[at].strength == model::BindingStrength::required)
      users[std::string(without_version(tables.text(tables.bindings[at].value_set)))].push_back(at);

  Expander expander(terminology);
  for (const auto& [url, bindings] : users) {
    const std::optional<Codes> codes = expander.expand(url);
    if (!codes) continue;
    const auto place = static_cast<std::uint32_t>(tables.code_sets.size());
    tables.code_sets.push_back(
        {tables.pool.add(url), {static_cast<std::uint32_t>(tables.codes.size()), static_cast<std::uint32_t>(codes->size())}});
    for (const auto& [code, display] : *codes)
      tables.codes.push_back({tables.pool.add(code.second), tables.pool.add(code.first), tables.pool.add(display)});
    for (const std::uint32_t binding : bindings) tables.bindings[binding].code_set = place;
  }
}

}  // namespace generator
