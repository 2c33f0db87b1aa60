// Typed views: a header per data type and resource type, each a class of accessors with FHIR's own names
// (resources-gen/model/view.h).
//
// A header declares its class, then includes the headers of the classes that its accessors return, then defines them: so types
// may refer to each other in circles. Content defined in place is a class within: Patient.contact is views::Patient::Contact.
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "resources-gen/generator/emit.h"
#include "resources-gen/generator/spelling.h"

namespace generator {

namespace {

class ViewWriter {
 public:
  ViewWriter(const Tables& tables, model::TypeId type) : t_(tables), type_(type) {}

  std::string header() {
    const std::string name(t_.type_name(type_));
    klass(t_.types[type_].elements.first, capitalised(name), "views::" + capitalised(name), 0);
    std::string out = fmt::format(
        "// Generated from HL7's FHIR definitions by resources-gen/generator: typed access to {} "
        "(resources-gen/model/view.h).\n#pragma once\n\n"
        "#include \"resources-gen/generated/r4_ids.h\"\n#include \"resources-gen/generated/views/types.h\"\n#include "
        "\"resources-gen/model/view.h\"\n\n"
        "namespace views {{\n\n{}\n}}  // namespace views\n\n",
        name, classes_);
    for (const std::string& other : used_) {
      if (other != name) out += fmt::format("#include \"resources-gen/generated/views/{}.h\"\n", snake_case(other));
    }
    out += "\n" + definitions_;
    if (name == "Extension") {
      out +=
          "inline views::Items<views::Extension> views::Primitive::extension() const { return "
          "Items<Extension>(named(\"extension\")); }\n";
    }
    return out;
  }

 private:
  struct Returned {
    std::string type;  // "views::HumanName"
    std::string uses;  // "HumanName", or empty
  };

  // The class of the element that holds `element`'s content: "views::Observation::ReferenceRange".
  std::string class_of(model::ElementId element) const {
    const model::ElementRow& row = t_.elements[element];
    if (row.parent == model::no_element) return "views::" + capitalised(t_.type_name(row.owner));
    return class_of(row.parent) + "::" + capitalised(t_.text(row.name));
  }

  Returned of_type(model::TypeId type) const {
    const model::TypeRow& row = t_.types[type];
    if (row.kind == model::TypeKind::primitive) return {"views::Primitive", {}};
    const std::string name(t_.text(row.name));
    if (name == "Resource") return {"views::AnyResource", {}};
    return {"views::" + name, name};
  }

  Returned of(const model::ElementRow& row, model::ElementId element) const {
    if (row.content_reference != model::no_element) return {class_of(row.content_reference), {}};
    if (row.children.count != 0) return {class_of(element), {}};
    if ((row.flags & model::element_choice) != 0) return {"views::Choice", {}};
    return of_type(t_.element_types[row.types.first].type);
  }

  void accessor(const std::string& owner, int depth, const std::string& name, Returned returned, bool many,
                const std::string& node) {
    if (!returned.uses.empty()) used_.insert(returned.uses);
    const std::string result = many ? "views::Items<" + returned.type + ">" : returned.type;
    fmt::format_to(std::back_inserter(classes_), "{:{}}{} {}() const;\n", "", 2 * depth + 2, result, name);
    fmt::format_to(std::back_inserter(definitions_), "inline {0} {1}::{2}() const {{ return {0}({3}); }}\n", result, owner, name,
                   node);
  }

  // `element`: whose children become accessors.
  void klass(model::ElementId element, const std::string& name, const std::string& qualified, int depth) {
    const model::ElementRow& row = t_.elements[element];
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    classes_ += fmt::format("{0}class {1} : public View {{\n{0} public:\n{0}  using View::View;\n", indent, name);
    if (depth == 0) {
      const std::string type(t_.type_name(type_));
      classes_ += fmt::format("  static constexpr model::TypeId type_id = model::r4::{};\n", identifier(type));
      if (t_.types[type_].kind == model::TypeKind::resource) {
        classes_ += fmt::format(
            "  // Of the tree's root; empty if that is no {0}.\n  static {0} of(const model::Tree& tree) {{ return "
            "Choice(tree.empty() ? "
            "model::NodeRef() : tree.root()).as<{0}>(); }}\n",
            type);
      }
    }
    const auto first = row.children.first, last = row.children.first + row.children.count;
    for (model::ElementId child = first; child < last; ++child) {
      if (t_.elements[child].children.count != 0) {
        const std::string inner = capitalised(t_.text(t_.elements[child].name));
        klass(child, inner, qualified + "::" + inner, depth + 1);
      }
    }
    for (model::ElementId child = first; child < last; ++child) {
      const model::ElementRow& c = t_.elements[child];
      const std::string text(t_.text(c.name));
      const bool many = c.max > 1;
      accessor(qualified, depth, identifier(text), of(c, child), many, fmt::format("first({})", child));
      if ((c.flags & model::element_choice) == 0) continue;
      for (std::uint32_t i = 0; i < c.types.count; ++i) {
        const model::TypeId type = t_.element_types[c.types.first + i].type;
        const model::TypeRow& chosen = t_.types[type];
        const std::string_view spelled = t_.text(chosen.constraint ? t_.types[chosen.base].name : chosen.name);
        accessor(qualified, depth, choice_name(text, spelled), of_type(type), false, fmt::format("chosen({}, {})", child, type));
      }
    }
    classes_ += indent + "};\n";
  }

  const Tables& t_;
  model::TypeId type_;
  std::string classes_, definitions_;
  std::set<std::string> used_;
};

bool viewed(const model::TypeRow& row) { return row.kind != model::TypeKind::primitive && !row.abstract && !row.constraint; }

}  // namespace

std::map<std::string, std::string> view_headers(const Tables& tables) {
  std::map<std::string, std::string> out;
  std::string types = "// Generated: every view's name.\n#pragma once\n\nnamespace views {\n\n";
  std::string all = "// Generated: every view.\n#pragma once\n\n";
  std::string constrained;
  for (std::size_t i = 0; i < tables.types.size(); ++i) {
    const model::TypeRow& row = tables.types[i];
    const std::string name(tables.text(row.name));
    if (row.constraint) {
      constrained += fmt::format("using {} = {};\n", name, tables.type_name(row.base));
      out[snake_case(name) + ".h"] =
          fmt::format("// Generated: {0} is {1} to a view.\n#pragma once\n\n#include \"resources-gen/generated/views/{2}.h\"\n",
                      name, tables.type_name(row.base), snake_case(tables.type_name(row.base)));
    }
    if (!viewed(row)) continue;
    types += fmt::format("class {};\n", name);
    all += fmt::format("#include \"resources-gen/generated/views/{}.h\"\n", snake_case(name));
    out[snake_case(name) + ".h"] = ViewWriter(tables, static_cast<model::TypeId>(i)).header();
  }
  out["types.h"] = types + constrained + "\n}  // namespace views\n";
  out["all.h"] = all;
  return out;
}

}  // namespace generator
