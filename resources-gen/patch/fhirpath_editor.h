// FhirPathEditor: carries out the operations of a FHIRPath Patch on the JSON text of one resource, one editor per operation.
//
// The elements are found in the resource's tree; the edits go to its text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "resources-gen/model/thread_clock.h"
#include "resources-gen/patch/fhirpath_operation.h"
#include "resources-gen/patch/json_value.h"
#include "resources-gen/patch/location.h"

namespace patch {

class FhirPathEditor {
 public:
  // `text` is the value of tree.source(); `values` that of the Parameters the operations stand in. `end`: of following paths.
  FhirPathEditor(const model::Tree& tree, JsonValue& text, JsonValue& values, Budget& budget, model::ThreadClock::time_point end)
      : tree_(tree), schema_(tree.schema()), text_(text), values_(values), budget_(budget), end_(end) {}

  // Why it cannot be done; empty if it was.
  std::string run(const FhirPathOperation& operation);
  // Whether that was for what following the path would cost.
  bool too_costly() const { return too_costly_; }

 private:
  // A value to be written, as JSON: an element's member, and its `_` twin if it is a primitive with an id or extensions.
  struct NewValue {
    std::optional<JsonValue> value, twin;
    model::TypeId type = model::no_type;
  };

  std::string find(const FhirPathOperation& operation, std::vector<model::NodeRef>& nodes);
  std::string one(const FhirPathOperation& operation, model::NodeRef& node);
  std::string list(const FhirPathOperation& operation, std::vector<model::NodeRef>& nodes);

  std::string add(const FhirPathOperation& operation);
  std::string insert(const FhirPathOperation& operation);
  std::string remove(const FhirPathOperation& operation);
  std::string replace(const FhirPathOperation& operation);
  std::string move(const FhirPathOperation& operation);

  std::string make(model::NodeRef part, model::ElementId element, NewValue& made);
  std::string make_object(model::NodeRef part, model::ElementId owner, JsonValue& object);
  std::string element_named(model::ElementId owner, std::string_view name, model::NodeRef value, model::ElementId& element) const;
  bool allows(model::ElementId element, model::TypeId type) const;
  std::string put(JsonValue& object, model::ElementId element, std::size_t count, NewValue value);
  std::string put_at(const Members& members, std::size_t index, NewValue value);
  void erase(model::NodeRef node);

  const model::Tree& tree_;
  const model::Schema& schema_;
  JsonValue& text_;
  JsonValue& values_;
  Budget& budget_;
  const model::ThreadClock::time_point end_;
  bool too_costly_ = false;
};

}  // namespace patch
