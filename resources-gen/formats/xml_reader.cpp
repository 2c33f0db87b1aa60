#include "resources-gen/formats/xml_reader.h"

#include <algorithm>

#include "resources-gen/formats/json_reader.h"
#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/json_tape.h"
#include "resources-gen/formats/xml.h"
#include "resources-gen/model/primitives.h"

namespace formats {

using model::ElementId;
using model::ElementRow;
using model::IssueCode;
using model::no_element;
using model::no_type;
using model::Primitive;
using model::TypeId;

namespace {

constexpr std::uint32_t deepest = 1000;  // of elements, and of the JSON made of them
constexpr std::string_view schema_instance_namespace = "http://www.w3.org/2001/XMLSchema-instance";

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view trimmed_value(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// R4 xml.html: readers should trim attribute values, for the schema's sake. Where the schema's own type would (xs:token,
// xs:date ...). In free text outer white space is content, which JSON keeps; base64 is kept as it was broken.
bool is_trimmed(Primitive primitive) {
  return primitive != Primitive::string && primitive != Primitive::markdown && primitive != Primitive::base64_binary;
}

struct TooDeep {  // thrown through the scan, to end it
  std::uint32_t begin;
};

std::string in_words(std::string_view space) {
  return space.empty() ? "no namespace" : fmt::format("the namespace '{}'", shown(space));
}

}  // namespace

XmlFault XmlReader::read() {
  try {
    return scan_xml(text_, *this, deepest);
  } catch (const TooDeep& deep) {
    return {"elements are nested too deeply", deep.begin, true};
  }
}

std::string XmlReader::expression(XmlIndex at) const {
  std::vector<XmlIndex> line;
  for (; at != no_xml; at = elements_.list[at].parent) line.push_back(at);
  std::string path(schema_.type_name(elements_.list[line.back()].type));
  for (std::size_t i = line.size() - 1; i-- > 0;) {
    const XmlElement& element = elements_.list[line[i]];
    const ElementRow& row = schema_.elements[element.element];
    path.append(".").append(schema_.text(row.name));
    if (row.max > 1) path.append("[").append(std::to_string(element.index)).append("]");
  }
  return path;
}

XmlIndex XmlReader::add(ElementId element, TypeId type, std::uint32_t index, std::uint32_t begin) {
  const auto self = static_cast<XmlIndex>(elements_.list.size());
  const XmlIndex parent = open_.empty() ? no_xml : open_.back().self;
  elements_.list.push_back({.element = element, .parent = parent, .begin = begin, .index = index, .type = type});
  if (parent != no_xml) {
    XmlElement& above = elements_.list[parent];
    (above.first_child == no_xml ? above.first_child : elements_.list[above.last_child].next) = self;
    above.last_child = self;
    open_.back().filled = true;
  }
  return self;
}

void XmlReader::open(Open::Kind kind, XmlIndex self, ElementId owner, std::uint32_t depth) {
  Open opened{.kind = kind, .self = self, .owner = owner, .counts = static_cast<std::uint32_t>(counts_.size()), .depth = depth};
  if (owner != no_element) counts_.resize(counts_.size() + schema_.elements[owner].children.count);
  open_.push_back(opened);
}

void XmlReader::declared(std::string_view prefix, std::string_view space) {
  // R4 xml.html#schema: the schema instance namespace SHALL NOT even be declared. Its attributes are told of one by one.
  if (space == schema_instance_namespace) schema_instance_ = true;
  narrative_.declared(prefix);
}

void XmlReader::start(const XmlTag& tag) {
  const auto begin = static_cast<std::uint32_t>(tag.begin);
  if (schema_instance_) {
    schema_instance_ = false;
    fault(IssueCode::structure, begin, open_.empty() ? no_xml : open_.back().self,
          "The namespace {} must not stand in a resource (R4 xml.html#schema)", schema_instance_namespace);
  }
  if (passed_over_ != 0) {
    ++passed_over_;
  } else if (narrative_.reading()) {
    start_xhtml(tag);
  } else if (open_.empty()) {
    if (tag.name.space != fhir_namespace) {
      fault(IssueCode::structure, begin, no_xml, "{} is in {}, not in {}", shown(tag.name.local), in_words(tag.name.space),
            fhir_namespace);
    }
    space_ = tag.name.space;
    start_resource(tag);
  } else if (open_.back().kind == Open::Kind::holder) {
    start_resource(tag);
  } else {
    start_child(tag);
  }
  if (!narrative_.reading()) narrative_.passed();
}

void XmlReader::start_xhtml(const XmlTag& tag) {
  narrative_.start(tag);
  const auto stranger = narrative_.take_stranger();
  if (stranger.empty()) return;
  elements_.list[narrative_at_].flags |= xml_faulty;
  fault(IssueCode::structure, static_cast<std::uint32_t>(tag.begin), narrative_at_,
        "The narrative holds XHTML only, but here is {}", shown(stranger));
}

// A resource: the root, or what its holder holds, whose element it then is.
void XmlReader::start_resource(const XmlTag& tag) {
  const QualifiedName name = tag.name;
  const auto begin = static_cast<std::uint32_t>(tag.begin);
  const XmlIndex holder = open_.empty() ? no_xml : open_.back().self;
  const TypeId type = name.space == space_ ? schema_.resource_type(name.local) : no_type;
  if (type == no_type) {
    const TypeId other = schema_.type(name.local);
    if (name.space != space_) {
      fault(IssueCode::structure, begin, holder, "{} is in {}, not in {}", shown(name.local), in_words(name.space),
            fhir_namespace);
    } else if (other != no_type && schema_.types[other].kind == model::TypeKind::resource) {
      fault(IssueCode::value, begin, holder, "The resource type {} is abstract: no resource is just that", name.local);
    } else {
      fault(IssueCode::value, begin, holder, "There is no resource type '{}'", shown(name.local));
    }
    if (holder != no_xml) {
      elements_.list[holder].flags |= xml_faulty;
      open_.back().filled = true;
    }
    passed_over_ = 1;
    return;
  }
  XmlIndex self = holder;
  if (holder == no_xml) {
    self = add(schema_.types[type].root, type, 0, begin);
  } else if (elements_.list[holder].flags & xml_resource) {
    fault(IssueCode::structure, begin, holder, "{} holds one resource; {} is a second one",
          schema_.text(schema_.elements[elements_.list[holder].element].name), name.local);
    passed_over_ = 1;
    return;
  }
  XmlElement& element = elements_.list[self];
  element.type = type;
  element.flags |= xml_resource;
  if (holder != no_xml) open_.back().filled = true;
  const std::uint32_t depth = holder == no_xml ? 1 : open_.back().depth;
  open(Open::Kind::resource, self, schema_.types[type].root, depth);
  read_attributes(tag.attributes, begin);
}

// Whether an element of that name may stand in the open one; reported if not.
bool XmlReader::takes(QualifiedName name, const model::Schema::Child& child, std::uint32_t begin) {
  const Open& parent = open_.back();
  const bool xhtml = child.type != no_type && schema_.types[child.type].primitive == Primitive::xhtml;
  const std::string_view space = xhtml ? xhtml_namespace : std::string_view(space_);
  if (name.space != space) {
    fault(IssueCode::structure, begin, parent.self, "{} is in {}, not in {}", shown(name.local), in_words(name.space),
          xhtml ? xhtml_namespace : fhir_namespace);
    return false;
  }
  const std::string_view path = schema_.text(schema_.elements[parent.owner].path);
  if (child.element == no_element) {
    fault(IssueCode::structure, begin, parent.self, "{} has no element '{}'", path, shown(name.local));
    return false;
  }
  if (schema_.elements[child.element].flags & model::element_xml_attribute) {
    fault(IssueCode::structure, begin, parent.self, "'{}' of {} is an attribute, not an element", name.local, path);
    return false;
  }
  return true;
}

// For an element that is known but was refused: a required one shall not be called missing.
void XmlReader::stand_in(const model::Schema::Child& child, std::uint32_t begin) {
  const Open& parent = open_.back();
  std::uint32_t& count = counts_[parent.counts + (child.element - schema_.elements[parent.owner].children.first)];
  if (count++ != 0) return;
  elements_.list[parent.self].flags |= xml_unordered;
  elements_.list[add(child.element, child.type, 0, begin)].flags |= xml_faulty;
}

void XmlReader::start_child(const XmlTag& tag) {
  const QualifiedName name = tag.name;
  const auto begin = static_cast<std::uint32_t>(tag.begin);
  const auto pass_over = [&] {
    open_.back().filled = true;  // it was meant to be
    passed_over_ = 1;
  };
  const model::Schema::Child child = schema_.child(open_.back().owner, name.local);
  if (!takes(name, child, begin)) {
    if (child.element != no_element) stand_in(child, begin);
    return pass_over();
  }
  const ElementRow& row = schema_.elements[child.element];
  Open& parent = open_.back();
  std::uint32_t& count = counts_[parent.counts + (child.element - schema_.elements[parent.owner].children.first)];
  if (child.element < parent.latest) {
    // R4 xml.html: elements must always appear in the order documented.
    const std::string_view latest = schema_.text(schema_.elements[parent.latest].name);
    if (count != 0) {
      fault(IssueCode::structure, begin, parent.self, "All of {} must stand together, but {} stands between", name.local, latest);
    } else {
      fault(IssueCode::structure, begin, parent.self, "{} must stand before {}: elements have the definition's order", name.local,
            latest);
    }
    elements_.list[parent.self].flags |= xml_unordered;
  } else {
    parent.latest = child.element;
  }
  if (row.max <= 1 && count != 0) {
    fault(IssueCode::structure, begin, parent.self, "{} is a single value, but stands here again{}{}", schema_.text(row.name),
          row.flags & model::element_choice ? ", as " : "", row.flags & model::element_choice ? name.local : "");
    return pass_over();
  }
  const std::uint32_t index = count++;
  const bool resource = child.type == no_type || schema_.types[child.type].kind == model::TypeKind::resource;
  const bool primitive = !resource && schema_.types[child.type].primitive != Primitive::none;
  const std::uint32_t depth = parent.depth + (row.max > 1 ? 2 : 1);
  if (depth - (primitive ? 1 : 0) > std::min(limits_.max_depth, deepest)) throw TooDeep{begin};
  const XmlIndex self = add(child.element, child.type, index, begin);
  if (primitive && schema_.types[child.type].primitive == Primitive::xhtml) {
    narrative_at_ = self;
    start_xhtml(tag);
    return;
  }
  if (resource) {
    open(Open::Kind::holder, self, no_element, depth);
  } else {
    open(primitive ? Open::Kind::primitive : Open::Kind::complex, self,
         primitive ? schema_.types[child.type].root : schema_.children_owner(child.element, child.type), depth);
  }
  read_attributes(tag.attributes, begin);
}

// Values, ids and urls of extensions are attributes (R4 xml.html); nothing else is.
void XmlReader::read_attributes(std::span<const XmlAttribute> attributes, std::uint32_t begin) {
  const Open::Kind kind = open_.back().kind;
  const XmlIndex self = open_.back().self;
  const ElementId owner = open_.back().owner;
  const auto refuse = [&](std::string_view name, std::string_view why) {
    open_.back().filled = true;  // it was meant to be
    const auto& row = schema_.elements[kind == Open::Kind::holder ? elements_.list[self].element : owner];
    fault(IssueCode::structure, begin, self, "{} has no attribute '{}'{}", schema_.text(row.path), shown(name), why);
  };
  for (const XmlAttribute& attribute : attributes) {
    if (!attribute.name.space.empty()) {
      refuse(
          (attribute.name.space == xml_namespace ? "xml:" : "") + std::string(attribute.name.local),
          attribute.name.space == schema_instance_namespace ? ": content says nothing of its schema (R4 xml.html#schema)" : "");
      continue;
    }
    if (kind == Open::Kind::primitive && attribute.name.local == "value") {
      open_.back().filled = true;
      set_value(self, attribute);
      continue;
    }
    const model::Schema::Child child = owner == no_element ? model::Schema::Child() : schema_.child(owner, attribute.name.local);
    if (child.element == no_element || !(schema_.elements[child.element].flags & model::element_xml_attribute)) {
      refuse(attribute.name.local, child.element == no_element ? "" : ": it is an element");
      continue;
    }
    ++counts_[open_.back().counts + (child.element - schema_.elements[owner].children.first)];
    set_value(add(child.element, child.type, 0, begin), attribute);
  }
}

void XmlReader::set_value(XmlIndex at, const XmlAttribute& attribute) {
  XmlElement& element = elements_.list[at];
  const Primitive primitive = schema_.types[element.type].primitive;
  const std::string_view inner = trimmed_value(attribute.value);
  const std::string_view text = is_trimmed(primitive) ? inner : attribute.value;
  element.flags |= xml_has_value;
  element.value = static_cast<std::uint32_t>(elements_.values.size());
  element.value_size = static_cast<std::uint32_t>(text.size());
  elements_.values += text;
  if (inner.empty()) {
    // R4 xml.html: absent, or at least one character that is no white space.
    element.flags |= xml_faulty;
    fault(IssueCode::value, element.begin, at, "The attribute {} must not be empty", attribute.name.local);
    return;
  }
  const model::ValueKind kind = model::value_kind(primitive);
  if ((kind == model::ValueKind::number || kind == model::ValueKind::boolean) && !model::is_valid(primitive, text)) {
    element.flags |= xml_faulty;
    fault(IssueCode::value, element.begin, at, "'{}' is not a valid {}", shown(text), model::rule(primitive));
  }
}

void XmlReader::end(QualifiedName name, std::size_t stop, bool empty_tag) {
  if (passed_over_ != 0) {
    --passed_over_;
    return;
  }
  if (narrative_.reading()) {
    if (!narrative_.end(name, stop, empty_tag)) return;
    XmlElement& div = elements_.list[narrative_at_];
    div.flags |= narrative_.verbatim() ? xml_has_value | xml_verbatim : xml_has_value;
    div.value = static_cast<std::uint32_t>(elements_.values.size());
    div.value_size = static_cast<std::uint32_t>(narrative_.div().size());
    elements_.values += narrative_.div();
    return;
  }
  const Open closed = open_.back();
  XmlElement& element = elements_.list[closed.self];
  if (closed.kind != Open::Kind::resource && element.first_child == no_xml && !(element.flags & (xml_has_value | xml_resource))) {
    element.flags |= xml_faulty;
    // R4 xml.html: FHIR elements are never empty.
    if (!closed.filled) {
      fault(IssueCode::structure, element.begin, closed.self, "{} must not be empty: it needs {}",
            schema_.text(schema_.elements[element.element].name),
            closed.kind == Open::Kind::holder      ? "a resource"
            : closed.kind == Open::Kind::primitive ? "a value or extensions"
                                                   : "elements or extensions");
    }
  }
  counts_.resize(closed.counts);
  open_.pop_back();
}

void XmlReader::text(std::string_view piece, std::size_t begin) {
  if (passed_over_ != 0) return;
  if (narrative_.reading()) return narrative_.text(piece);
  if (open_.empty() || open_.back().text_reported) return;
  const auto first = std::find_if_not(piece.begin(), piece.end(), is_space);
  if (first == piece.end()) return;
  open_.back().text_reported = true;
  open_.back().filled = true;  // it was meant to be
  fault(IssueCode::structure, static_cast<std::uint32_t>(begin), open_.back().self,
        "Text must not stand here: values are attributes, and text stands in the narrative only");
}

namespace {

std::vector<Place> places_of(std::string_view text, const std::vector<Finding>& ascending) {
  std::vector<Place> places;
  Place place;
  std::size_t at = 0;
  for (const auto& found : ascending) {
    for (; at < found.offset && at < text.size(); ++at) {
      ++place.column;
      if (text[at] == '\n') place = {place.line + 1, 1};
    }
    places.push_back(place);
  }
  return places;
}

// How far into an element a fault lies: `before` is its value's JSON up to there. Known for the narrative only.
std::uint32_t offset_within(const XmlElement& element, std::string_view before) {
  if (!(element.flags & xml_verbatim) || before.size() < 2) return 0;
  std::string plain;
  append_unescaped(plain, before.substr(1));  // behind the quote
  return static_cast<std::uint32_t>(plain.size());
}

}  // namespace

ReadResult read_xml(std::string_view text, const model::Schema& schema, const ReadLimits& limits) {
  ReadResult result;
  XmlReader reader(text, schema, limits);
  if (const XmlFault broken = reader.read(); !broken.message.empty()) {
    const Place place = place_of_offset(text, broken.offset);
    result.malformed = true;
    result.issues.add({model::Severity::fatal,
                       broken.too_large ? IssueCode::too_costly : IssueCode::structure,
                       "The XML text cannot be read: " + broken.message,
                       {},
                       place.line,
                       place.column});
    return result;
  }
  auto& findings = reader.findings();
  if (!reader.elements().list.empty()) {
    const XmlJson json = to_json(reader.elements(), schema);
    Findings typed(limits.max_issues);
    result = read_json_unplaced(json.text, schema, {std::max(limits.max_depth, deepest), limits.max_issues}, typed);
    findings.merge(std::move(typed), [&](Finding& fault) {
      const auto part = std::prev(std::upper_bound(json.parts.begin(), json.parts.end(), fault.offset,
                                                   [](std::uint32_t offset, const auto& each) { return offset < each.first; }));
      const XmlElement& element = reader.elements().list[part->second];
      if (element.flags & xml_faulty) return false;
      const auto within = offset_within(element, std::string_view(json.text).substr(part->first, fault.offset - part->first));
      fault.offset = element.begin + within;
      return true;
    });
  }
  result.unlisted_errors = findings.unlisted_errors();
  findings.move_to(result.issues, places_of(text, findings.list()));
  return result;
}

}  // namespace formats
