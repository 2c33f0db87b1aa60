#include "resources-gen/patch/xml_patch.h"

#include <algorithm>
#include <chrono>

#include "resources-gen/formats/json_tape.h"
#include "resources-gen/formats/xml_scan.h"
#include "resources-gen/model/thread_clock.h"
#include "resources-gen/patch/xml_selector.h"

namespace patch {

using model::failure;
using model::FailureKind;
using model::IssueCode;

namespace {

constexpr std::uint32_t most_nesting = 200;
constexpr std::size_t most_text = 8u << 20;          // of what is patched
constexpr std::uint64_t most_work = 2u << 30;        // operations times bytes, as often as their selectors have four tokens
constexpr auto most_time = std::chrono::seconds(2);  // of CPU, looked at between operations
constexpr unsigned parsing = (pugi::parse_full | pugi::parse_ws_pcdata) & ~(pugi::parse_doctype | pugi::parse_declaration);

// Nothing but whether it is XML.
class NoEvents final : public formats::XmlEvents {
  void start(const formats::XmlTag&) override {}
  void end(decltype(formats::XmlTag::name), std::size_t, bool) override {}
  void text(std::string_view, std::size_t) override {}
  void declared(std::string_view, std::string_view) override {}
};

std::string_view local_name(std::string_view name) {
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_text(pugi::xml_node node) { return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata; }
bool is_blank(pugi::xml_node node) {
  return is_text(node) && std::string_view(node.value()).find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The text that an operation carries.
std::string text_of(pugi::xml_node node) {
  std::string text;
  for (auto child = node.first_child(); child; child = child.next_sibling()) {
    if (is_text(child)) text += child.value();
  }
  return text;
}

bool has_elements(pugi::xml_node node) {
  const auto children = node.children();
  return std::any_of(children.begin(), children.end(), [](pugi::xml_node child) { return child.type() == pugi::node_element; });
}

class Writer final : public pugi::xml_writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void write(const void* data, std::size_t size) override { out_.append(static_cast<const char*>(data), size); }

 private:
  std::string& out_;
};

}  // namespace

struct XmlPatch::Target {
  pugi::xml_node node;            // what is selected, or the element whose attribute is
  pugi::xml_attribute attribute;  // empty if none is
};

model::Result<std::shared_ptr<const XmlPatch>> XmlPatch::read(std::string_view text) {
  NoEvents nobody;
  model::Failure refused{FailureKind::bad_request, {}};
  if (const auto fault = formats::scan_xml(text, nobody, most_nesting); !fault.message.empty()) {
    const auto place = formats::place_of_offset(text, fault.offset);
    refused.issues.add({model::Severity::error,
                        fault.too_large ? IssueCode::too_costly : IssueCode::structure,
                        "The XML Patch is no XML: " + fault.message,
                        {},
                        place.line,
                        place.column});
    return refused;
  }
  auto patch = std::make_shared<XmlPatch>();
  if (!patch->document_.load_buffer(text.data(), text.size(), parsing))
    return failure(FailureKind::bad_request, IssueCode::structure, "The XML Patch cannot be read as XML");
  const auto root = patch->document_.document_element();
  const auto name = local_name(root.name());
  if (name != "diff" && name != "patch") {
    return failure(
        FailureKind::bad_request, IssueCode::structure,
        "An XML Patch is a <diff> that holds <add>, <replace> and <remove> (RFC 5261), not a <" + std::string(name) + ">");
  }
  XmlScope scope;
  scope.enter(root, patch->names_);
  std::size_t number = 0;
  for (auto child = root.first_child(); child; child = child.next_sibling()) {
    if (child.type() == pugi::node_element) {
      scope.enter(child, patch->names_);
      patch->read_operation(child, number++, scope, refused.issues);
      scope.leave();
    }
    if (is_text(child) && !is_blank(child))
      refused.issues.error(IssueCode::structure, "An XML Patch has no text between its operations");
  }
  if (number == 0) refused.issues.error(IssueCode::required, "The XML Patch has no operations");
  if (refused.issues.has_errors()) return refused;
  return std::shared_ptr<const XmlPatch>(std::move(patch));
}

void XmlPatch::read_operation(pugi::xml_node node, std::size_t number, XmlScope& scope, model::Issues& issues) {
  constexpr std::size_t most_faults = 100;
  const auto fault = [&](const std::string& text) {
    if (issues.size() < most_faults) issues.error(IssueCode::structure, "Operation " + std::to_string(number) + ": " + text);
  };
  const auto name = local_name(node.name());
  Operation operation;
  if (name == "add") {
    operation.op = Op::add;
  } else if (name == "replace") {
    operation.op = Op::replace;
  } else if (name == "remove") {
    operation.op = Op::remove;
  } else {
    return fault("'" + std::string(name.substr(0, 100)) + "' is no operation: there are add, replace and remove");
  }
  operation.sel = node.attribute("sel").value();
  operation.type = node.attribute("type").value();
  operation.pos = node.attribute("pos").value();
  operation.ws = node.attribute("ws").value();
  auto selector = read_selector(operation.sel, scope);
  if (!selector.fault.empty()) fault("its sel '" + operation.sel.substr(0, 200) + "' is not taken: " + selector.fault);
  operation.xpath = std::move(selector.xpath);
  operation.cost = (selector.tokens + 3) / 4;
  if (selector.fault.empty()) {
    try {
      pugi::xpath_query(operation.xpath.c_str());
    } catch (const pugi::xpath_exception& error) {
      fault("its sel '" + operation.sel.substr(0, 200) + "' is no XPath: " + error.what());
    }
  }
  const auto one_of = [&](const std::string& value, const char* attribute, std::initializer_list<std::string_view> values) {
    if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end())
      fault(std::string("its ") + attribute + " '" + value.substr(0, 100) + "' is none that RFC 5261 knows");
  };
  one_of(operation.pos, "pos", {"prepend", "before", "after"});
  one_of(operation.ws, "ws", {"before", "after", "both"});
  if (!operation.type.empty() && operation.type[0] != '@' && !operation.type.starts_with("namespace::"))
    fault("its type is neither @name nor namespace::prefix");
  for (auto child = node.first_child(); child; child = child.next_sibling()) names_.qualify(child, scope);
  operation.node = node;
  operations_.push_back(std::move(operation));
}

model::Result<std::string> XmlPatch::apply(std::string_view text, bool with_operations) const {
  const auto too_costly = [](const char* what) { return failure(FailureKind::unprocessable, IssueCode::too_costly, what); };
  if (text.size() > most_text) return too_costly("The resource is too large for an XML Patch; use a JSON Patch");
  std::uint64_t cost = 0;
  for (const auto& operation : operations_) cost += operation.cost;
  const char* const too_much = "The XML Patch asks for too much work";
  if (cost * text.size() > most_work) return too_costly(too_much);
  const auto end = model::ThreadClock::now() + most_time;
  pugi::xml_document document;
  if (!document.load_buffer(text.data(), text.size(), parsing) || !document.document_element())
    return failure(FailureKind::unprocessable, IssueCode::structure, "There is no XML to be patched");
  XmlNames names = names_;
  XmlScope scope;
  names.qualify(document.document_element(), scope);
  for (std::size_t i = 0; with_operations && i < operations_.size(); ++i) {
    const auto& operation = operations_[i];
    if (model::ThreadClock::now() > end) return too_costly(too_much);
    if (const auto fault = run(operation, document); !fault.empty()) {
      return failure(FailureKind::unprocessable, IssueCode::processing,
                     "Operation " + std::to_string(i) + ", " + std::string(local_name(operation.node.name())) + " at '" +
                         operation.sel.substr(0, 200) + "': " + fault);
    }
  }
  std::size_t declarations = most_text;
  if (!names.restore(document.document_element(), declarations))
    return too_costly("The namespaces of what the XML Patch makes are too long");
  std::string out;
  Writer writer(out);
  document.save(writer, "", pugi::format_raw | pugi::format_no_declaration);
  return out;
}

std::string XmlPatch::run(const Operation& operation, pugi::xml_document& document) const {
  pugi::xpath_node_set found;
  try {
    found = pugi::xpath_query(operation.xpath.c_str()).evaluate_node_set(document);
  } catch (const pugi::xpath_exception& error) {
    return std::string("it does not select nodes: ") + error.what();
  }
  // RFC 5261 section 4.1: exactly one.
  if (found.size() != 1) return "it selects " + std::to_string(found.size()) + " nodes; it must be one";
  const auto selected = *found.begin();
  const Target target{selected.attribute() ? selected.parent() : selected.node(), selected.attribute()};
  if (target.node.type() == pugi::node_document) return "the document itself cannot be changed";
  switch (operation.op) {
    case Op::add:
      return add(operation, target);
    case Op::replace:
      return replace(operation, target);
    case Op::remove:
      return remove(operation, target);
  }
  return {};
}

std::string XmlPatch::add(const Operation& operation, const Target& target) const {
  auto node = target.node;
  const bool beside = operation.pos == "before" || operation.pos == "after";
  if (target.attribute || (!beside && node.type() != pugi::node_element)) return "only to an element can be added";
  if (!operation.type.empty())
    return node.type() == pugi::node_element ? add_attribute(operation, node) : "only an element has attributes";
  if (beside && node.parent().type() == pugi::node_document) return "there is no place beside the root element";
  const bool elements = has_elements(operation.node);
  auto last = node;  // what the next piece follows
  bool first = true;
  for (auto child = operation.node.first_child(); child; child = child.next_sibling()) {
    if (elements && is_blank(child)) continue;  // FHIR has text in its narrative only
    pugi::xml_node made;
    if (operation.pos == "before") {
      made = node.parent().insert_copy_before(child, node);
    } else if (operation.pos == "after") {
      made = node.parent().insert_copy_after(child, last);
    } else if (operation.pos == "prepend") {
      made = first ? node.prepend_copy(child) : node.insert_copy_after(child, last);
    } else {
      made = node.append_copy(child);
    }
    if (!made) return "the content cannot be put there";
    last = made;
    first = false;
  }
  return {};
}

std::string XmlPatch::add_attribute(const Operation& operation, pugi::xml_node element) const {
  const bool declares = operation.type[0] != '@';
  const auto name =
      declares ? "xmlns:" + operation.type.substr(std::string_view("namespace::").size()) : operation.type.substr(1);
  if (has_elements(operation.node)) return "an attribute is a text";
  if (element.attribute(name.c_str())) return "the element has an attribute '" + name + "' already";
  if (name == "xmlns" || !element.append_attribute(name.c_str()).set_value(text_of(operation.node).c_str()))
    return "there can be no attribute '" + name + "'";
  return {};
}

std::string XmlPatch::replace(const Operation& operation, const Target& target) const {
  auto node = target.node;
  auto attribute = target.attribute;
  if (attribute) {
    if (has_elements(operation.node)) return "an attribute is a text";
    attribute.set_value(text_of(operation.node).c_str());
    return {};
  }
  if (is_text(node)) {
    if (has_elements(operation.node)) return "a text is replaced by a text";
    node.set_value(text_of(operation.node).c_str());
    return {};
  }
  pugi::xml_node content;
  for (auto child = operation.node.first_child(); child; child = child.next_sibling()) {
    if (is_blank(child)) continue;
    if (content) return "it is replaced by one node, not by several";
    content = child;
  }
  if (content.type() != node.type()) return "it is replaced by a node of its kind";
  auto parent = node.parent();
  parent.insert_copy_before(content, node);
  parent.remove_child(node);
  return {};
}

std::string XmlPatch::remove(const Operation& operation, const Target& target) const {
  auto node = target.node;
  if (target.attribute) {
    node.remove_attribute(target.attribute);
    return {};
  }
  auto parent = node.parent();
  if (parent.type() == pugi::node_document) return "the root element cannot be removed";
  const bool before = operation.ws == "before" || operation.ws == "both",
             after = operation.ws == "after" || operation.ws == "both";
  const auto previous = node.previous_sibling(), next = node.next_sibling();
  // RFC 5261 4.5: ws names white space; what is none is a fault. There is none where the resource was written by this server.
  if ((before && previous && is_text(previous) && !is_blank(previous)) || (after && next && is_text(next) && !is_blank(next)))
    return "what ws names is no white space";
  if (before && is_blank(previous)) parent.remove_child(previous);
  if (after && is_blank(next)) parent.remove_child(next);
  parent.remove_child(node);
  return {};
}

}  // namespace patch
