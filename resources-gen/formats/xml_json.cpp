#include <algorithm>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml_elements.h"
#include "resources-gen/model/primitives.h"

namespace formats {
namespace {

using model::Primitive;
using model::ValueKind;

class XmlToJson {
 public:
  XmlToJson(const XmlElements& elements, const model::Schema& schema) : elements_(elements), schema_(schema) {
    json_.text.reserve(elements.list.size() * 16 + elements.values.size());
    json_.parts.reserve(elements.list.size() * 2);
  }
  XmlJson take() {
    write_object(0);
    return std::move(json_);
  }

 private:
  const XmlElement& child(std::size_t position) const { return elements_.list[children_[position]]; }
  void begin_part(XmlIndex at) { json_.parts.emplace_back(static_cast<std::uint32_t>(json_.text.size()), at); }
  void write_name(XmlIndex at, bool twin);
  void write_object(XmlIndex at);
  void write_complex(std::size_t first, std::size_t stop, bool many);
  void write_primitives(std::size_t first, std::size_t stop, bool many);
  void write_value(XmlIndex at);

  const XmlElements& elements_;
  const model::Schema& schema_;
  XmlJson json_;
  std::vector<XmlIndex> children_;  // a stack: an object's part ends where its parent's goes on
};

void XmlToJson::write_name(XmlIndex at, bool twin) {
  const XmlElement& element = elements_.list[at];
  const model::ElementRow& row = schema_.elements[element.element];
  std::string& out = json_.text;
  if (out.back() != '{') out += ',';
  begin_part(at);
  out += twin ? "\"_" : "\"";
  out += schema_.text(row.name);
  if (row.flags & model::element_choice) {
    const auto type = schema_.type_name(element.type);
    out += type[0] >= 'a' && type[0] <= 'z' ? static_cast<char>(type[0] - 'a' + 'A') : type[0];
    out += type.substr(1);
  }
  out += "\":";
}

// What the element's children make, in braces.
void XmlToJson::write_object(XmlIndex at) {
  const XmlElement& element = elements_.list[at];
  begin_part(at);
  json_.text += '{';
  if (element.flags & xml_resource) {
    json_.text += "\"resourceType\":\"";
    json_.text += schema_.type_name(element.type);
    json_.text += '"';
  }
  const std::size_t first = children_.size();
  for (XmlIndex next = element.first_child; next != no_xml; next = elements_.list[next].next) children_.push_back(next);
  const std::size_t stop = children_.size();
  if (element.flags & xml_unordered) {
    // Reported already; brought together so that no member stands twice.
    std::stable_sort(children_.begin() + static_cast<std::ptrdiff_t>(first), children_.end(),
                     [&](XmlIndex a, XmlIndex b) { return elements_.list[a].element < elements_.list[b].element; });
  }
  for (std::size_t i = first, end = first; i < stop; i = end) {
    const model::TypeId type = child(i).type;
    const model::ElementRow& row = schema_.elements[child(i).element];
    const bool choice = (row.flags & model::element_choice) != 0;  // each type is a member of its own
    while (end < stop && child(end).element == child(i).element && (!choice || child(end).type == type)) ++end;
    if (type == model::no_type || schema_.types[type].primitive == Primitive::none) {
      write_complex(i, end, row.max > 1);
    } else {
      write_primitives(i, end, row.max > 1);
    }
  }
  children_.resize(first);
  json_.text += '}';
}

void XmlToJson::write_complex(std::size_t first, std::size_t stop, bool many) {
  write_name(children_[first], false);
  if (many) json_.text += '[';
  for (std::size_t i = first; i < stop; ++i) {
    if (i > first) json_.text += ',';
    write_object(children_[i]);
  }
  if (many) json_.text += ']';
}

// The values, then ids and extensions in a member of their own (R4 json.html#primitive); in arrays null holds the place of what
// is missing (#null).
void XmlToJson::write_primitives(std::size_t first, std::size_t stop, bool many) {
  bool any_value = false, any_twin = false;
  for (std::size_t i = first; i < stop; ++i) {
    // One that has neither is faulty: its null is what the typed pass stops at.
    any_twin = any_twin || child(i).first_child != no_xml;
    any_value = any_value || (child(i).flags & xml_has_value) || child(i).first_child == no_xml;
  }
  for (const bool twin : {false, true}) {
    if (twin ? !any_twin : !any_value) continue;
    write_name(children_[first], twin);
    if (many) json_.text += '[';
    for (std::size_t i = first; i < stop; ++i) {
      if (i > first) json_.text += ',';
      if (twin && child(i).first_child != no_xml) {
        write_object(children_[i]);
      } else if (!twin && (child(i).flags & xml_has_value)) {
        write_value(children_[i]);
      } else {
        begin_part(children_[i]);
        json_.text += "null";
      }
    }
    if (many) json_.text += ']';
  }
}

// A number or boolean that was found to be none is written as a string, which the typed pass refuses like any reader after it.
void XmlToJson::write_value(XmlIndex at) {
  const XmlElement& element = elements_.list[at];
  const ValueKind kind = model::value_kind(schema_.types[element.type].primitive);
  begin_part(at);
  if ((kind == ValueKind::number || kind == ValueKind::boolean) && !(element.flags & xml_faulty)) {
    json_.text += elements_.value(element);
  } else {
    append_string(json_.text, elements_.value(element));
  }
}

}  // namespace

XmlJson to_json(const XmlElements& elements, const model::Schema& schema) { return XmlToJson(elements, schema).take(); }

}  // namespace formats
