#include "tests/fhirpath/support.h"

#include <boost/property_tree/xml_parser.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "resources-gen/formats/json.h"

namespace tests {
namespace {

using boost::property_tree::ptree;
using model::Schema;

// One element's content as JSON members, or for a resource the whole.
class XmlToJson {
 public:
  std::string resource(const std::string& type, const ptree& content) {
    const model::TypeId id = schema_.type(type);
    REQUIRE(id != model::no_type);
    return "{\"resourceType\":\"" + type + "\"" + members(schema_.types[id].root, content, true) + "}";
  }

 private:
  static std::string quoted(const std::string& text) {
    std::string out;
    formats::append_string(out, text);
    return out;
  }

  std::string members(model::ElementId owner, const ptree& content, bool more) {
    std::string out;
    const auto put = [&](const std::string& name, const std::string& json) {
      if (more) out += ",";
      more = true;
      out += quoted(name) + ":" + json;
    };
    for (const char* attribute : {"id", "url"}) {
      const auto text = content.get_optional<std::string>(std::string("<xmlattr>.") + attribute);
      if (text && schema_.child(owner, attribute).element != model::no_element) put(attribute, quoted(*text));
    }
    std::vector<std::string> done;
    for (const auto& [name, unused] : content) {
      if (name == "<xmlattr>" || name == "<xmlcomment>" || name == "text" ||
          std::find(done.begin(), done.end(), name) != done.end())
        continue;
      done.push_back(name);
      const Schema::Child child = schema_.child(owner, name);
      INFO("XML element " << name);
      REQUIRE(child.element != model::no_element);
      const bool many = schema_.elements[child.element].max > 1;
      std::string values, twins;
      bool any_value = false, any_twin = false;
      for (auto [at, last] = content.equal_range(name); at != last; ++at) {
        const std::string separator = values.empty() ? "" : ",";
        std::string twin = "null";
        const std::string value = element(child, at->second, twin);
        values += separator + value;
        twins += separator + twin;
        any_value = any_value || value != "null";
        any_twin = any_twin || twin != "null";
      }
      if (any_value) put(name, many ? "[" + values + "]" : values);
      if (any_twin) put("_" + name, many ? "[" + twins + "]" : twins);
    }
    return out;
  }

  std::string element(const Schema::Child& child, const ptree& content, std::string& twin) {
    const model::TypeRow& type = schema_.types[child.type];
    if (type.kind == model::TypeKind::resource) {
      for (const auto& [name, inner] : content) {
        if (name != "<xmlattr>" && name != "<xmlcomment>") return resource(name, inner);
      }
    }
    const model::ElementId owner = schema_.children_owner(child.element, child.type);
    if (type.primitive == model::Primitive::none) return "{" + members(owner, content, false) + "}";
    const std::string parts = members(owner, content, false);
    if (!parts.empty()) twin = "{" + parts + "}";
    const auto text = content.get_optional<std::string>("<xmlattr>.value");
    if (!text) return "null";
    switch (type.primitive) {
      case model::Primitive::boolean:
      case model::Primitive::integer:
      case model::Primitive::positive_int:
      case model::Primitive::unsigned_int:
      case model::Primitive::decimal:
        return *text;
      default:
        return quoted(*text);
    }
  }

  const Schema& schema_ = model::r4();
};

std::string text_of(const fhirpath::Item& item) {
  switch (item.kind) {
    case fhirpath::ItemKind::node:
      return item.node.has_value() ? std::string(item.node.text()) : std::string(item.node.path());
    case fhirpath::ItemKind::boolean:
      return item.boolean ? "true" : "false";
    case fhirpath::ItemKind::integer:
      return std::to_string(item.integer);
    case fhirpath::ItemKind::quantity:
      return item.text + " '" + item.unit + "'";
    case fhirpath::ItemKind::type:
      return item.unit + "." + item.text;
    default:
      return item.text;
  }
}

}  // namespace

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

model::Tree tree_of(std::string_view json) {
  formats::ReadResult read = formats::read_json(json, model::r4());
  INFO(json.substr(0, 2000));
  for (const model::Issue& issue : read.issues) INFO(issue.diagnostics << " " << issue.expression);
  REQUIRE(!read.tree.empty());
  return std::move(read.tree);
}

std::string json_of_xml(const std::filesystem::path& path) {
  ptree document;
  boost::property_tree::read_xml(path.string(), document, boost::property_tree::xml_parser::trim_whitespace);
  for (const auto& [name, content] : document) {
    if (name != "<xmlcomment>") return XmlToJson().resource(name, content);
  }
  return {};
}

std::string why(const model::Failure& failure) { return failure.issues.list().front().diagnostics; }

std::vector<std::string> results(std::string_view expression, const model::Tree& tree) {
  const auto parsed = fhirpath::Expression::parse(expression);
  if (!parsed) return {"! " + why(parsed.error())};
  const auto plan = fhirpath::Plan::compile(*parsed, model::r4(), model::r4().types[tree.root().type()].root);
  if (!plan) return {"! " + why(plan.error())};
  fhirpath::Collection items;
  const auto done = plan->evaluate(tree.root(), {}, items);
  if (!done) return {"! " + why(done.error())};
  std::vector<std::string> out;
  for (const fhirpath::Item& item : items) out.push_back(text_of(item));
  return out;
}

std::string result(std::string_view expression, const model::Tree& tree) {
  std::string out;
  for (const std::string& item : results(expression, tree)) out += (out.empty() ? "" : ", ") + item;
  return out;
}

fhirpath::Plan plan_for(std::string_view expression, std::string_view type) {
  const auto parsed = fhirpath::Expression::parse(expression);
  INFO(expression);
  if (!parsed) FAIL(why(parsed.error()));
  auto plan = fhirpath::Plan::compile(*parsed, model::r4(), model::r4().types[model::r4().type(type)].root);
  if (!plan) FAIL(why(plan.error()));
  return *std::move(plan);
}

std::string compile_fault(std::string_view expression, std::string_view type) {
  const auto parsed = fhirpath::Expression::parse(expression);
  if (!parsed) return why(parsed.error());
  const auto plan = fhirpath::Plan::compile(*parsed, model::r4(), model::r4().types[model::r4().type(type)].root);
  return plan ? "" : why(plan.error());
}

}  // namespace tests
