#include "resources-gen/patch/fhirpath_operation.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace patch {
namespace {

using model::IssueCode;
using model::NodeRef;

enum Field : std::uint8_t { field_name = 1, field_value = 2, field_index = 4, field_source = 8, field_destination = 16 };

// R4 fhirpatch.html: which parts an operation has, beside type and path.
struct ChangeRow {
  std::string_view type;
  Change change;
  std::uint8_t fields;
};
constexpr std::array<ChangeRow, 5> change_rows{{
    {"add", Change::add, field_name | field_value},
    {"insert", Change::insert, field_index | field_value},
    {"delete", Change::remove, 0},
    {"replace", Change::replace, field_value},
    {"move", Change::move, field_source | field_destination},
}};

struct FieldRow {
  std::string_view name;
  std::uint8_t field;  // 0: of every operation
};
constexpr std::array<FieldRow, 7> field_rows{{
    {"type", 0},
    {"path", 0},
    {"name", field_name},
    {"value", field_value},
    {"index", field_index},
    {"source", field_source},
    {"destination", field_destination},
}};

class OperationReader {
 public:
  OperationReader(NodeRef parameter, model::Issues& issues) : parameter_(parameter), issues_(issues) {}

  void read(std::vector<FhirPathOperation>& operations) {
    const auto before = issues_.size();
    find_parts();
    FhirPathOperation operation;
    operation.where = parameter_.path();
    operation.type = text("type");
    operation.path_text = text("path");
    const auto row =
        std::find_if(change_rows.begin(), change_rows.end(), [&](const ChangeRow& each) { return each.type == operation.type; });
    if (!operation.path_text.empty()) read_path(operation);
    if (row == change_rows.end()) {
      if (!operation.type.empty())
        fault(IssueCode::value, "'" + std::string(operation.type.substr(0, 100)) +
                                    "' is no type of operation: there are add, insert, delete, replace and move");
      return;
    }
    operation.change = row->change;
    if (row->fields & field_name) operation.name = text("name");
    if (row->fields & field_value) operation.value = required("value");
    if (row->fields & field_index) operation.index = number("index");
    if (row->fields & field_source) operation.source = number("source");
    if (row->fields & field_destination) operation.destination = number("destination");
    for (const auto& each : field_rows) {
      if (each.field != 0 && (row->fields & each.field) == 0 && part(each.name))
        fault(IssueCode::structure,
              "the part '" + std::string(each.name) + "' is not for the operation " + std::string(row->type));
    }
    if (issues_.size() == before) operations.push_back(std::move(operation));
  }

 private:
  void fault(IssueCode code, std::string text) { issues_.error(code, "FHIRPath Patch: " + std::move(text), parameter_.path()); }

  void find_parts() {
    for (auto child = parameter_.first_child(); child; child = child.next_sibling()) {
      if (child.name() != "part") continue;
      const auto name = name_of(child);
      const auto row =
          std::find_if(field_rows.begin(), field_rows.end(), [&](const FieldRow& each) { return each.name == name; });
      if (row == field_rows.end()) {
        fault(IssueCode::structure, "'" + std::string(name.substr(0, 100)) + "' is no part of an operation");
        continue;
      }
      auto& place = parts_[static_cast<std::size_t>(row - field_rows.begin())];
      if (place) fault(IssueCode::duplicate, "the part '" + std::string(name) + "' stands there twice");
      place = child;
    }
  }

  NodeRef part(std::string_view name) const {
    for (std::size_t i = 0; i < field_rows.size(); ++i) {
      if (field_rows[i].name == name) return parts_[i];
    }
    return {};
  }

  NodeRef required(std::string_view name) {
    const auto found = part(name);
    if (!found) fault(IssueCode::required, "an operation lacks its part '" + std::string(name) + "'");
    return found;
  }

  std::string_view text(std::string_view name) {
    const auto found = required(name);
    if (!found) return {};
    const auto value = value_of(found);
    if (value && value.node().kind == model::ValueKind::string && !value.text().empty()) return value.text();
    fault(IssueCode::value, "the part '" + std::string(name) + "' has no text");
    return {};
  }

  std::size_t number(std::string_view name) {
    const auto found = required(name);
    if (!found) return 0;
    const auto value = value_of(found);
    std::uint32_t number = 0;
    if (value && value.node().kind == model::ValueKind::number) {
      const auto digits = value.text();
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      if (error == std::errc() && end == digits.data() + digits.size()) return number;
    }
    fault(IssueCode::value, "the part '" + std::string(name) + "' must be an integer that is not negative");
    return 0;
  }

  void read_path(FhirPathOperation& operation) {
    auto parsed = fhirpath::Expression::parse(operation.path_text);
    if (parsed) {
      operation.path = std::move(*parsed);
      return;
    }
    const auto failure = parsed.error();
    for (const auto& issue : failure.issues) fault(issue.code, "the path is no FHIRPath: " + issue.diagnostics);
  }

  NodeRef parameter_;
  model::Issues& issues_;
  std::array<NodeRef, field_rows.size()> parts_;
};

}  // namespace

NodeRef value_of(NodeRef part) {
  for (auto child = part.first_child(); child; child = child.next_sibling()) {
    if (child.name() == "value" || child.name() == "resource") return child;
  }
  return {};
}

std::string_view name_of(NodeRef part) {
  const auto name = part.child("name");
  return name && name.has_value() ? name.text() : std::string_view();
}

std::vector<FhirPathOperation> read_operations(const model::Tree& parameters, model::Issues& issues) {
  std::vector<FhirPathOperation> operations;
  for (auto child = parameters.root().first_child(); child; child = child.next_sibling()) {
    if (child.name() != "parameter") continue;
    if (name_of(child) != "operation") {
      issues.error(IssueCode::structure, "FHIRPath Patch: a parameter must have the name 'operation'", child.path());
      continue;
    }
    OperationReader(child, issues).read(operations);
  }
  return operations;
}

}  // namespace patch
