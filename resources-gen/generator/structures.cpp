#include "resources-gen/generator/structures.h"

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <tuple>

#include "resources-gen/generator/definitions.h"

namespace generator {

namespace {

constexpr std::string_view fhir_type_extension = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type";
constexpr std::string_view max_value_set_extension = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet";
constexpr std::string_view system_types = "http://hl7.org/fhirpath/System.";

struct ElementType {
  std::string code;
  std::vector<std::string> targets;
  std::string profile;
};

struct Constraint {
  std::string key;
  bool error;
  std::string human;
  std::string expression;
  std::string source;
};

struct Element {
  std::string path;
  std::uint16_t min;
  std::uint16_t max;
  std::uint16_t flags;
  std::vector<ElementType> types;
  std::string content_reference;  // a path, without the #
  std::vector<Constraint> constraints;
  bool bound;
  std::string strength, value_set, max_value_set;
};

struct Structure {
  std::string name, url, base;
  model::TypeKind kind;
  bool abstract;
  bool constraint;
  std::vector<Element> elements;  // in the definition's order: depth first
};

constexpr std::array<std::pair<std::string_view, model::Primitive>, 20> primitives{{
    {"base64Binary", model::Primitive::base64_binary},
    {"boolean", model::Primitive::boolean},
    {"canonical", model::Primitive::canonical},
    {"code", model::Primitive::code},
    {"date", model::Primitive::date},
    {"dateTime", model::Primitive::date_time},
    {"decimal", model::Primitive::decimal},
    {"id", model::Primitive::id},
    {"instant", model::Primitive::instant},
    {"integer", model::Primitive::integer},
    {"markdown", model::Primitive::markdown},
    {"oid", model::Primitive::oid},
    {"positiveInt", model::Primitive::positive_int},
    {"string", model::Primitive::string},
    {"time", model::Primitive::time},
    {"unsignedInt", model::Primitive::unsigned_int},
    {"uri", model::Primitive::uri},
    {"url", model::Primitive::url},
    {"uuid", model::Primitive::uuid},
    {"xhtml", model::Primitive::xhtml},
}};

constexpr std::array<std::pair<std::string_view, model::BindingStrength>, 4> strengths{{
    {"required", model::BindingStrength::required},
    {"extensible", model::BindingStrength::extensible},
    {"preferred", model::BindingStrength::preferred},
    {"example", model::BindingStrength::example},
}};

template <typename Table>
auto named(const Table& table, std::string_view name, std::string_view user) {
  for (const auto& [text, value] : table)
    if (text == name) return value;
  throw std::runtime_error(std::string(user) + ": unknown name " + std::string(name));
}

// The FHIR type of a type that the definitions give as FHIRPath's (System.String ...).
std::string fhir_type(const json::object& type, const Element& element, const Structure& owner, std::string_view base_path) {
  const std::string code = text(type, "code");
  if (!code.starts_with(system_types)) return code;
  // R4 resource.html: the logical id of a resource is an `id`; the extension there says string.
  if (base_path == "Resource.id") return "id";
  // A primitive's value is of the primitive itself: the extension of code.value, say, names string.
  if (owner.kind == model::TypeKind::primitive && element.path == owner.name + ".value") return owner.name;
  const std::string fhir = extension(type, fhir_type_extension);
  return fhir.empty() ? "string" : fhir;  // id.id has no extension
}

Element element_of(const json::object& definition, const Structure& owner) {
  Element element{};
  element.path = text(definition, "path");
  element.min = json::value_to<std::uint16_t>(definition.at("min"));
  const std::string max = text(definition, "max");
  element.max = max == "*" ? model::unbounded : static_cast<std::uint16_t>(std::stoul(max));
  if (element.path.ends_with("[x]")) element.flags |= model::element_choice;
  if (flag(definition, "isModifier")) element.flags |= model::element_modifier;
  if (flag(definition, "isSummary")) element.flags |= model::element_summary;
  for (const std::string& representation : texts(definition, "representation")) {
    if (representation == "xmlAttr") element.flags |= model::element_xml_attribute;
    if (representation == "xhtml") element.flags |= model::element_xhtml;
  }
  std::string base_path;
  if (const json::value* base = definition.if_contains("base")) base_path = text(base->as_object(), "path");
  for (const json::value& item : list(definition, "type")) {
    const json::object& type = item.as_object();
    ElementType allowed{fhir_type(type, element, owner, base_path), texts(type, "targetProfile"), {}};
    if (const json::array& profiles = list(type, "profile"); !profiles.empty()) allowed.profile = profiles[0].as_string();
    element.types.push_back(std::move(allowed));
  }
  if (const std::string reference = text(definition, "contentReference"); !reference.empty()) {
    if (reference[0] != '#') throw std::runtime_error(element.path + ": a content reference to " + reference);
    element.content_reference = reference.substr(1);
  }
  for (const json::value& item : list(definition, "constraint")) {
    const json::object& constraint = item.as_object();
    // A constraint without a source is the structure's own.
    const std::string source = text(constraint, "source");
    element.constraints.push_back({text(constraint, "key"), text(constraint, "severity") == "error", text(constraint, "human"),
                                   text(constraint, "expression"), source.empty() ? owner.url : source});
  }
  if (const json::value* value = definition.if_contains("binding")) {
    const json::object& binding = value->as_object();
    element.bound = true;
    element.strength = text(binding, "strength");
    element.value_set = text(binding, "valueSet");
    element.max_value_set = extension(binding, max_value_set_extension);
  }
  return element;
}

void collect(const json::object& resource, std::vector<Structure>& structures, std::string& version) {
  if (text(resource, "resourceType") != "StructureDefinition") return;
  const std::string kind = text(resource, "kind");
  if (kind == "logical") return;  // MetadataResource
  Structure structure{};
  structure.name = text(resource, "name");
  structure.url = text(resource, "url");
  structure.base = last_segment(text(resource, "baseDefinition"));
  structure.kind = kind == "primitive-type" ? model::TypeKind::primitive
                   : kind == "resource"     ? model::TypeKind::resource
                                            : model::TypeKind::complex;
  structure.abstract = flag(resource, "abstract");
  structure.constraint = text(resource, "derivation") == "constraint";
  for (const json::value& element : list(resource.at("snapshot").as_object(), "element"))
    structure.elements.push_back(element_of(element.as_object(), structure));
  if (structure.elements.empty()) throw std::runtime_error(structure.url + " has no snapshot");
  version = text(resource, "fhirVersion");
  structures.push_back(std::move(structure));
}

// The paths of `elements` breadth first, so that the children of each stand together, in the definition's order.
std::vector<const Element*> breadth_first(const std::vector<Element>& elements) {
  std::map<std::string_view, std::vector<const Element*>> children;
  for (const Element& element : elements) {
    const std::string_view path = element.path;
    if (const auto dot = path.rfind('.'); dot != path.npos) children[path.substr(0, dot)].push_back(&element);
  }
  std::vector<const Element*> order{&elements.front()};
  for (std::size_t at = 0; at < order.size(); ++at) {
    auto found = children.find(order[at]->path);
    if (found != children.end()) order.insert(order.end(), found->second.begin(), found->second.end());
  }
  if (order.size() != elements.size()) throw std::runtime_error(elements.front().path + ": elements without a parent");
  return order;
}

std::string_view element_name(std::string_view path) {
  path.remove_prefix(path.rfind('.') + 1);
  return path.ends_with("[x]") ? path.substr(0, path.size() - 3) : path;
}

// Writes the rows, sharing equal bindings, constraints and target lists.
class Writer {
 public:
  explicit Writer(Tables& tables) : tables_(tables) {}

  void type(const Structure& structure) {
    const auto first = static_cast<std::uint32_t>(tables_.elements.size());
    const model::TypeId id = tables_.type(structure.name, structure.url);
    const std::vector<const Element*> order = breadth_first(structure.elements);
    std::map<std::string_view, model::ElementId> places;
    for (std::size_t at = 0; at < order.size(); ++at) places[order[at]->path] = first + static_cast<std::uint32_t>(at);
    for (const Element* element : order) write(*element, id, places);
    for (std::size_t at = 1; at < order.size(); ++at) {
      const std::uint32_t self = first + static_cast<std::uint32_t>(at);
      model::Range& children = tables_.elements[tables_.elements[self].parent].children;
      if (children.count++ == 0) children.first = self;
    }
    model::TypeRow& row = tables_.types[id];
    row.root = first;
    row.elements = {first, static_cast<std::uint32_t>(order.size())};
  }

 private:
  void write(const Element& element, model::TypeId owner, const std::map<std::string_view, model::ElementId>& places) {
    model::ElementRow row{};
    row.path = tables_.pool.add(element.path);
    row.name = tables_.pool.add(element_name(element.path));
    row.owner = owner;
    const auto dot = element.path.rfind('.');
    row.parent = dot == std::string::npos ? model::no_element : places.at(std::string_view(element.path).substr(0, dot));
    row.min = element.min;
    row.max = element.max;
    row.flags = element.flags;
    row.types = {static_cast<std::uint32_t>(tables_.element_types.size()), static_cast<std::uint32_t>(element.types.size())};
    for (const ElementType& type : element.types)
      tables_.element_types.push_back(
          {tables_.type(type.code, element.path), targets(type, element.path), tables_.pool.add(type.profile)});
    row.content_reference = element.content_reference.empty() ? model::no_element : places.at(element.content_reference);
    row.constraints = {static_cast<std::uint32_t>(tables_.element_constraints.size()),
                       static_cast<std::uint32_t>(element.constraints.size())};
    for (const Constraint& constraint : element.constraints) tables_.element_constraints.push_back(this->constraint(constraint));
    row.binding = element.bound ? binding(element) : model::no_row;
    tables_.elements.push_back(row);
  }

  model::Range targets(const ElementType& type, const std::string& user) {
    std::vector<model::TypeId> ids;
    for (const std::string& target : type.targets) {
      const std::string_view name = last_segment(target);
      if (name == "Resource") return {};  // any
      ids.push_back(tables_.type(name, user));
    }
    if (ids.empty()) return {};
    auto [place, fresh] = target_lists_.try_emplace(
        ids, model::Range{static_cast<std::uint32_t>(tables_.target_types.size()), static_cast<std::uint32_t>(ids.size())});
    if (fresh) tables_.target_types.insert(tables_.target_types.end(), ids.begin(), ids.end());
    return place->second;
  }

  std::uint32_t constraint(const Constraint& constraint) {
    auto [place, fresh] = constraints_.try_emplace(
        std::tuple(constraint.key, constraint.error, constraint.human, constraint.expression, constraint.source),
        static_cast<std::uint32_t>(tables_.constraints.size()));
    if (fresh)
      tables_.constraints.push_back({tables_.pool.add(constraint.key), constraint.error, tables_.pool.add(constraint.human),
                                     tables_.pool.add(constraint.expression), tables_.pool.add(constraint.source)});
    return place->second;
  }

  std::uint32_t binding(const Element& element) {
    auto [place, fresh] = bindings_.try_emplace(std::tuple(element.strength, element.value_set, element.max_value_set),
                                                static_cast<std::uint32_t>(tables_.bindings.size()));
    if (fresh)
      tables_.bindings.push_back({named(strengths, element.strength, element.path), tables_.pool.add(element.value_set),
                                  model::no_row, tables_.pool.add(element.max_value_set)});
    return place->second;
  }

  Tables& tables_;
  std::map<std::vector<model::TypeId>, model::Range> target_lists_;
  std::map<std::tuple<std::string, bool, std::string, std::string, std::string>, std::uint32_t> constraints_;
  std::map<std::tuple<std::string, std::string, std::string>, std::uint32_t> bindings_;
};

}  // namespace

void read_structures(const std::filesystem::path& definitions, Tables& tables) {
  std::vector<Structure> structures;
  for (const char* file : {"profiles-types.json", "profiles-resources.json"})
    for_each_resource(definitions / file, [&](const json::object& resource) { collect(resource, structures, tables.version); });
  std::sort(structures.begin(), structures.end(),
            [](const Structure& a, const Structure& b) { return std::tie(a.kind, a.name) < std::tie(b.kind, b.name); });
  for (const Structure& structure : structures) {
    if (!tables.type_ids.emplace(structure.name, static_cast<model::TypeId>(tables.type_ids.size())).second)
      throw std::runtime_error("two types are named " + structure.name);
  }
  for (const Structure& structure : structures) {
    model::TypeRow row{};
    row.name = tables.pool.add(structure.name);
    row.url = tables.pool.add(structure.url);
    row.kind = structure.kind;
    row.primitive =
        structure.kind == model::TypeKind::primitive ? named(primitives, structure.name, structure.url) : model::Primitive::none;
    row.abstract = structure.abstract;
    row.constraint = structure.constraint;
    row.base = structure.base.empty() ? model::no_type : tables.type(structure.base, structure.url);
    tables.types.push_back(row);
  }
  Writer writer(tables);
  for (const Structure& structure : structures) writer.type(structure);
}

}  // namespace generator
