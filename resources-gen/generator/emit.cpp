#include "resources-gen/generator/emit.h"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "resources-gen/generator/spelling.h"

namespace generator {

namespace {

std::string out(model::Text text) { return fmt::format("{{{},{}}}", text.offset, text.length); }
std::string out(model::Range range) { return fmt::format("{{{},{}}}", range.first, range.count); }

// One constexpr array; `row` gives the text of one item. An empty span stands where there are no rows.
template <typename Row, typename Print>
void array(std::string& source, std::string_view type, std::string_view name, const std::vector<Row>& rows, Print row) {
  if (rows.empty()) {
    fmt::format_to(std::back_inserter(source), "constexpr std::span<const {}> {}_rows;\n", type, name);
    return;
  }
  fmt::format_to(std::back_inserter(source), "constexpr {} {}_rows[] = {{\n", type, name);
  std::size_t column = 0;
  for (const Row& item : rows) {
    const std::string text = row(item);
    column += text.size() + 1;
    source += text;
    source += ',';
    if (column > 120) source += '\n', column = 0;
  }
  source += "\n};\n";
}

// The pool as one literal over many lines. Everything but plain ASCII is written in octal: hexadecimal escapes have no end.
void pool(std::string& source, const std::string& bytes) {
  source += "constexpr char pool_bytes[] =\n\"";
  std::size_t column = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      source += '\\', source += c;
    else if (byte < 0x20 || byte > 0x7e || c == '?')  // ? : no trigraphs
      fmt::format_to(std::back_inserter(source), "\\{:03o}", byte);
    else
      source += c;
    if (++column == 120) source += "\"\n\"", column = 0;
  }
  source += "\";\n";
}

std::string primitive_name(model::Primitive primitive) {
  static constexpr std::array<std::string_view, 21> names{
      "none",         "base64_binary", "boolean", "canonical", "code", "date",         "date_time", "decimal",
      "id",           "instant",       "integer", "markdown",  "oid",  "positive_int", "string",    "time",
      "unsigned_int", "uri",           "url",     "uuid",      "xhtml"};
  return fmt::format("Primitive::{}", names.at(static_cast<std::size_t>(primitive)));
}

std::string kind_name(model::TypeKind kind) {
  static constexpr std::array<std::string_view, 3> names{"primitive", "complex", "resource"};
  return fmt::format("TypeKind::{}", names.at(static_cast<std::size_t>(kind)));
}

std::string strength_name(model::BindingStrength strength) {
  static constexpr std::array<std::string_view, 4> names{"required", "extensible", "preferred", "example"};
  return fmt::format("BindingStrength::{}", names.at(static_cast<std::size_t>(strength)));
}

std::string parameter_type_name(model::ParameterType type) {
  static constexpr std::array<std::string_view, 9> names{"number",    "date",     "string", "token",  "reference",
                                                         "composite", "quantity", "uri",    "special"};
  return fmt::format("ParameterType::{}", names.at(static_cast<std::size_t>(type)));
}

}  // namespace

std::string tables_source(const Tables& t) {
  std::string source =
      "// Generated from HL7's FHIR definitions by resources-gen/generator; rows as resources-gen/model/schema.h declares them.\n"
      "#include \"resources-gen/model/schema.h\"\n\n"
      "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\n"
      "namespace model {\n\nnamespace {\n\n";
  array(source, "TypeRow", "type", t.types, [](const model::TypeRow& r) {
    return fmt::format("{{{},{},{},{},{},{},{},{},{}}}", out(r.name), out(r.url), kind_name(r.kind), primitive_name(r.primitive),
                       r.abstract, r.constraint, r.base, r.root, out(r.elements));
  });
  array(source, "ElementRow", "element", t.elements, [](const model::ElementRow& r) {
    return fmt::format("{{{},{},{},{}u,{},{},{},{},{},{}u,{},{}u}}", out(r.path), out(r.name), r.owner, r.parent, out(r.children),
                       r.min, r.max, r.flags, out(r.types), r.content_reference, out(r.constraints), r.binding);
  });
  array(source, "ElementTypeRow", "element_type", t.element_types,
        [](const model::ElementTypeRow& r) { return fmt::format("{{{},{},{}}}", r.type, out(r.targets), out(r.profile)); });
  array(source, "TypeId", "target_type", t.target_types, [](model::TypeId id) { return fmt::format("{}", id); });
  array(source, "std::uint32_t", "element_constraint", t.element_constraints,
        [](std::uint32_t row) { return fmt::format("{}", row); });
  array(source, "BindingRow", "binding", t.bindings, [](const model::BindingRow& r) {
    return fmt::format("{{{},{},{}u,{}}}", strength_name(r.strength), out(r.value_set), r.code_set, out(r.max_value_set));
  });
  array(source, "ConstraintRow", "constraint", t.constraints, [](const model::ConstraintRow& r) {
    return fmt::format("{{{},{},{},{},{}}}", out(r.key), r.error, out(r.human), out(r.expression), out(r.source));
  });
  array(source, "CodeSetRow", "code_set", t.code_sets,
        [](const model::CodeSetRow& r) { return fmt::format("{{{},{}}}", out(r.value_set), out(r.codes)); });
  array(source, "CodeRow", "code", t.codes,
        [](const model::CodeRow& r) { return fmt::format("{{{},{},{}}}", out(r.system), out(r.code), out(r.display)); });
  array(source, "SearchParameterRow", "search_parameter", t.search_parameters, [](const model::SearchParameterRow& r) {
    return fmt::format("{{{},{},{},{},{},{},{},{},{},{},{}}}", out(r.code), out(r.id), out(r.url), out(r.description),
                       out(r.expression), parameter_type_name(r.type), out(r.bases), out(r.targets), out(r.components),
                       r.multiple_or, r.multiple_and);
  });
  array(source, "ComponentRow", "component", t.components,
        [](const model::ComponentRow& r) { return fmt::format("{{{},{}}}", out(r.expression), r.parameter); });
  array(source, "TypeId", "parameter_base", t.parameter_bases, [](model::TypeId id) { return fmt::format("{}", id); });
  array(source, "CompartmentRow", "compartment", t.compartments,
        [](const model::CompartmentRow& r) { return fmt::format("{{{},{},{}}}", out(r.code), out(r.url), out(r.parameters)); });
  array(source, "CompartmentParameterRow", "compartment_parameter", t.compartment_parameters,
        [](const model::CompartmentParameterRow& r) { return fmt::format("{{{},{}}}", r.type, out(r.parameter)); });
  array(source, "OperationRow", "operation", t.operations, [](const model::OperationRow& r) {
    return fmt::format("{{{},{},{},{},{},{},{}}}", out(r.code), out(r.url), r.affects_state, r.system, r.type, r.instance,
                       out(r.resources));
  });
  pool(source, t.pool.bytes());
  source += "\n}  // namespace\n\nSchema r4_tables() {\n  Schema schema;\n";
  source += "  schema.pool = std::string_view(pool_bytes, sizeof pool_bytes - 1);\n";
  for (const std::string_view name :
       {"type", "element", "element_type", "target_type", "element_constraint", "binding", "constraint", "code_set", "code",
        "search_parameter", "component", "parameter_base", "compartment", "compartment_parameter", "operation"})
    fmt::format_to(std::back_inserter(source), "  schema.{0}s = {0}_rows;\n", name);
  fmt::format_to(std::back_inserter(source), "  schema.version = \"{}\";\n  return schema;\n}}\n\n}}  // namespace model\n",
                 t.version);
  return source;
}

std::string ids_header(const Tables& t) {
  std::string source =
      "// Generated from HL7's FHIR definitions by resources-gen/generator: the numbers of R4's types in model::r4(), as "
      "model::r4::Patient.\n"
      "#pragma once\n\n#include \"resources-gen/model/schema.h\"\n\nnamespace model {\n\n"
      "// A struct, for a namespace could not bear the same name as the function r4().\n"
      "struct r4 {\n";
  for (std::size_t id = 0; id < t.types.size(); ++id)
    fmt::format_to(std::back_inserter(source), "  static constexpr TypeId {} = {};\n", identifier(t.text(t.types[id].name)), id);
  source += "};\n\n}  // namespace model\n";
  return source;
}

}  // namespace generator
