#include "fhir/rest/links.h"

#include <algorithm>

#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/condition.h"
#include "resources-gen/formats/narrative.h"

namespace rest {
namespace {

constexpr std::string_view history_part = "/_history/";

// "http://a/fhir/" of "http://a/fhir/Patient/1" or "http://a/fhir/Patient/1/_history/2"; empty if the URL is not of that form.
std::string_view root_of(std::string_view full_url, const model::Schema& schema) {
  if (full_url.find("://") == std::string_view::npos) return {};
  full_url = full_url.substr(0, full_url.find(history_part));
  const auto id_at = full_url.rfind('/');
  if (id_at == std::string_view::npos || id_at == 0) return {};
  const auto type_at = full_url.rfind('/', id_at - 1);
  if (type_at == std::string_view::npos || !is_id(full_url.substr(id_at + 1))) return {};
  if (schema.resource_type(full_url.substr(type_at + 1, id_at - type_at - 1)) == model::no_type) return {};
  return full_url.substr(0, type_at + 1);
}

bool is_relative(std::string_view text) { return text.find(':') == std::string_view::npos && !text.starts_with('/'); }

// Calls fn(begin, end) for the value of each <a href> and <img src>, in their order. The narrative is well-formed, without CDATA
// and instructions: it was checked as it was read.
template <typename Fn>
void each_attribute(std::string_view xhtml, Fn fn) {
  constexpr std::string_view space = " \t\r\n";
  for (auto at = xhtml.find('<'); at < xhtml.size(); at = xhtml.find('<', at)) {
    if (xhtml.substr(at).starts_with("<!--")) {
      at = xhtml.find("-->", at);
    } else if (xhtml.substr(at).starts_with("</")) {
      at = xhtml.find('>', at);
    }
    if (at == std::string_view::npos) return;
    if (xhtml[at] != '<') continue;
    const auto name_end = std::min(xhtml.find_first_of(" \t\r\n/>", at + 1), xhtml.size());
    const auto element = xhtml.substr(at + 1, name_end - at - 1);
    const std::string_view wanted = element == "a" ? "href" : element == "img" ? "src" : "";
    // Each attribute in turn: what is within quotes is neither a name nor the tag's end.
    for (at = xhtml.find_first_not_of(space, name_end); at < xhtml.size() && xhtml[at] != '>';) {
      if (xhtml[at] == '/') {
        at = xhtml.find_first_not_of(space, at + 1);
        continue;
      }
      const auto equals = xhtml.find('=', at);
      const auto quote = equals == std::string_view::npos ? equals : xhtml.find_first_not_of(space, equals + 1);
      const auto close = quote == std::string_view::npos ? quote : xhtml.find(xhtml[quote], quote + 1);
      if (close == std::string_view::npos) return;
      const auto name = xhtml.substr(at, xhtml.find_first_of(" \t\r\n=", at) - at);
      if (!wanted.empty() && name == wanted) fn(quote + 1, close);
      at = xhtml.find_first_not_of(space, close + 1);
    }
  }
}

// What a uri that points at an entry is: a link to it, or what something is known by everywhere. See the table above links.h.
bool identifies(const model::Schema& schema, const model::Node& node, std::string_view text) {
  if (!text.starts_with("urn:")) return true;
  const auto name = schema.text(schema.elements[node.element].name);
  return name == "url" || name == "system";
}

}  // namespace

bool FullUrls::look_up(std::string_view url, Pointer& pointer) const {
  auto found = entries_.find(url);
  pointer.versioned = false;
  if (found == entries_.end()) {
    const auto history = url.find(history_part);
    if (history == std::string_view::npos) return false;
    found = entries_.find(url.substr(0, history));
    pointer.versioned = true;
  }
  if (found == entries_.end()) return false;
  pointer.entry = found->second;
  return true;
}

bool FullUrls::find(std::string_view text, std::string_view from_full_url, const model::Schema& schema, Pointer& pointer) const {
  const auto hash = std::min(text.find('#'), text.size());
  pointer.fragment = text.substr(hash);
  const auto url = text.substr(0, hash);
  if (url.empty() || entries_.empty()) return false;
  if (look_up(url, pointer)) return true;
  if (!is_relative(url) || url.find('?') != std::string_view::npos || url.find('/') == std::string_view::npos) return false;
  const auto root = root_of(from_full_url, schema);
  if (!root.empty()) return look_up(std::string(root).append(url), pointer);
  return std::any_of(base_urls_.begin(), base_urls_.end(),
                     [&](const std::string& base) { return look_up(base + "/" + std::string(url), pointer); });
}

std::vector<Link> find_links(const Context& context, const Exchange& bundle, model::NodeRef resource, std::string_view full_url,
                             const FullUrls& full_urls, const OnSearch& on_search) {
  std::vector<Link> links;
  if (resource.type() == context.bundle.bundle) return links;
  const auto& tree = resource.tree();
  const auto& schema = context.schema;
  const auto add = [&](Link& link) {  // of kind entry
    if (link.pointer.versioned) link.versions_of.push_back(link.pointer.entry);
    links.push_back(std::move(link));
  };
  const auto end = resource.node().end;
  for (auto index = resource.index() + 1; index < end; ++index) {
    const auto& node = tree[index];
    const model::NodeRef here(tree, index);
    if (node.type == context.bundle.bundle) {  // a resource of its own, or contained in Parameters
      index = node.end - 1;
      continue;
    }
    if (node.kind != model::ValueKind::string) continue;
    Link link;
    link.node = index;
    if (node.element == context.bundle.reference) {
      const auto text = here.text();
      if (text.empty() || text[0] == '#') continue;
      if (full_urls.find(text, full_url, schema, link.pointer)) {
        add(link);
        continue;
      }
      model::TypeId type;
      std::string_view criteria;
      if (!on_search || !is_conditional_reference(context, bundle, text, type, criteria)) continue;
      link.kind = Link::Kind::search;
      link.search = on_search(type, criteria, here);
      links.push_back(link);
      continue;
    }
    switch (schema.types[node.type].primitive) {
      case model::Primitive::uri:
        if (identifies(schema, node, here.text())) break;
        [[fallthrough]];
      case model::Primitive::url:
        if (full_urls.find(here.text(), full_url, schema, link.pointer)) add(link);
        break;
      case model::Primitive::xhtml: {
        const auto text = here.text();
        bool any = false;
        each_attribute(text, [&](std::size_t from, std::size_t to) {
          Pointer pointer;
          if (!full_urls.find(formats::attribute_value(text.substr(from, to - from)), full_url, schema, pointer)) return;
          any = true;
          if (pointer.versioned) link.versions_of.push_back(pointer.entry);
        });
        link.kind = Link::Kind::narrative;
        if (any) links.push_back(link);
        break;
      }
      default:
        break;
    }
  }
  return links;
}

std::string rewrite_narrative(std::string_view xhtml, std::string_view from_full_url, const FullUrls& full_urls,
                              const model::Schema& schema, const NewReference& new_reference) {
  std::vector<formats::Edit> edits;
  each_attribute(xhtml, [&](std::size_t from, std::size_t to) {
    Pointer pointer;
    const auto value = formats::attribute_value(xhtml.substr(from, to - from));
    if (full_urls.find(value, from_full_url, schema, pointer)) {
      edits.push_back(
          {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), formats::written_attribute(new_reference(pointer))});
    }
  });
  return formats::apply(xhtml, edits);
}

}  // namespace rest
