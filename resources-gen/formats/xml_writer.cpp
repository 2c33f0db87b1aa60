#include <algorithm>

#include "resources-gen/formats/xml.h"
#include "resources-gen/formats/xml_narrative.h"

namespace formats {
namespace {

using model::NodeRef;
using model::Primitive;

class XmlWriter {
 public:
  XmlWriter(const model::Tree& tree, bool pretty) : schema_(tree.schema()), pretty_(pretty) {
    out_.reserve(tree.source().size() * 2 + 256);
    out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    line(0);
    write_resource(tree.root(), 0);
    if (pretty_) out_ += '\n';
  }
  std::string take() { return std::move(out_); }

 private:
  void line(std::size_t depth) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * std::min(depth, most_indented), ' ');
  }
  void write_resource(NodeRef resource, std::size_t depth);
  void write_element(NodeRef node, std::size_t depth);
  void write_attribute(std::string_view name, NodeRef node);
  void write_content(NodeRef node, std::string_view tag, std::size_t depth);

  const model::Schema& schema_;
  bool pretty_;
  std::string out_;
  std::vector<NodeRef> children_;  // a stack: an element's part ends where its parent's goes on
};

void XmlWriter::write_resource(NodeRef resource, std::size_t depth) {
  out_ += '<';
  out_ += resource.type_name();
  if (depth == 0) out_.append(" xmlns=\"").append(fhir_namespace).append("\"");
  write_content(resource, resource.type_name(), depth);
}

void XmlWriter::write_attribute(std::string_view name, NodeRef node) {
  out_.append(" ").append(name).append("=\"");
  append_xml_attribute(out_, node.text());
  out_ += '"';
}

// The end of a start tag, what stands in the element, its end tag. Attributes of the definition (id, Extension.url) come first.
void XmlWriter::write_content(NodeRef node, std::string_view tag, std::size_t depth) {
  const std::size_t first = children_.size();
  for (NodeRef child = node.first_child(); child; child = child.next_sibling()) {
    const model::ElementRow& row = schema_.elements[child.element()];
    if (!(row.flags & model::element_xml_attribute)) {
      children_.push_back(child);
    } else if (child.has_value()) {
      write_attribute(schema_.text(row.name), child);
    }
  }
  if (node.has_value()) write_attribute("value", node);
  const std::size_t stop = children_.size();
  if (first == stop) {
    out_ += "/>";
    return;
  }
  // R4 xml.html: elements must always appear in the order documented. An owner's children are consecutive rows in that order.
  const auto before = [](NodeRef a, NodeRef b) { return a.element() < b.element(); };
  const auto begin = children_.begin() + static_cast<std::ptrdiff_t>(first);
  if (!std::is_sorted(begin, children_.end(), before)) std::stable_sort(begin, children_.end(), before);
  out_ += '>';
  for (std::size_t i = first; i < stop; ++i) {
    line(depth + 1);
    write_element(children_[i], depth + 1);
  }
  line(depth);
  out_.append("</").append(tag).append(">");
  children_.resize(first);
}

void XmlWriter::write_element(NodeRef node, std::size_t depth) {
  if (node.primitive() == Primitive::xhtml) return append_narrative(out_, node.text());
  const model::ElementRow& row = schema_.elements[node.element()];
  std::string name(schema_.text(row.name));
  if (row.flags & model::element_choice) {
    std::string type(node.type_name());
    if (type[0] >= 'a' && type[0] <= 'z') type[0] = static_cast<char>(type[0] - 'a' + 'A');
    name += type;
  }
  out_ += '<';
  out_ += name;
  if (!node.is_resource()) return write_content(node, name, depth);
  out_ += '>';
  line(depth + 1);
  write_resource(node, depth + 1);
  line(depth);
  out_.append("</").append(name).append(">");
}

}  // namespace

std::string write_xml(const model::Tree& tree) { return tree.empty() ? std::string() : XmlWriter(tree, false).take(); }

std::string pretty_xml(const model::Tree& tree) { return tree.empty() ? std::string() : XmlWriter(tree, true).take(); }

}  // namespace formats
