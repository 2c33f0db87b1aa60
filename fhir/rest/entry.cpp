#include "fhir/rest/entry.h"

#include <algorithm>
#include <charconv>

#include "fhir/rest/bundle_elements.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/once.h"
#include "fhir/rest/patch_body.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

std::string_view text_of(model::NodeRef parent, model::ElementId element) {
  const auto node = parent.child(element);
  return node && node.has_value() ? node.text() : std::string_view();
}

}  // namespace

std::string Entry::expression(std::string_view member) const {
  return "Bundle.entry[" + std::to_string(index) + "]" + (member.empty() ? "" : ".") + std::string(member);
}

std::optional<EntryPlace> entry_place(std::string_view expression) {
  static constexpr std::string_view prefix = "Bundle.entry[";
  if (!expression.starts_with(prefix)) return std::nullopt;
  expression.remove_prefix(prefix.size());
  EntryPlace place{};
  const char* const stop = expression.data() + expression.size();
  const char* const end = std::from_chars(expression.data(), stop, place.index).ptr;
  place.member = {end, stop};
  place.member.remove_prefix(std::min<std::size_t>(place.member.size(), place.member.starts_with("].") ? 2 : 1));
  return place;
}

std::size_t count_entries(const BundleElements& elements, model::NodeRef bundle) {
  std::size_t count = 0;
  for (auto node = bundle.first_child(); node; node = node.next_sibling()) count += node.element() == elements.entry;
  return count;
}

std::vector<Entry> read_entries(const BundleElements& elements, model::NodeRef bundle) {
  std::vector<Entry> entries;
  for (auto node = bundle.first_child(); node; node = node.next_sibling()) {
    if (node.element() != elements.entry) continue;
    Entry entry;
    entry.index = entries.size();
    entry.full_url = text_of(node, elements.full_url);
    entry.modified = static_cast<bool>(node.child("modifierExtension"));
    entry.resource = node.child(elements.resource);
    if (entry.resource) entry.resource_alone = bundle.tree().source()[entry.resource.node().begin - 1] == ':';
    if (const auto request = node.child(elements.request)) {
      entry.has_request = true;
      entry.method = text_of(request, elements.method);
      entry.url = text_of(request, elements.url);
      entry.if_none_match = text_of(request, elements.if_none_match);
      entry.if_modified_since = text_of(request, elements.if_modified_since);
      entry.if_match = text_of(request, elements.if_match);
      entry.if_none_exist = text_of(request, elements.if_none_exist);
      for (const auto guard : {elements.if_none_match, elements.if_modified_since, elements.if_match, elements.if_none_exist}) {
        const auto stands = request.child(guard);
        entry.empty_guard = entry.empty_guard || (stands && !stands.has_value());
      }
      entry.modified = entry.modified || static_cast<bool>(request.child("modifierExtension"));
    }
    entries.push_back(entry);
  }
  return entries;
}

std::string_view below_base(const Context& context, const Exchange& bundle, std::string_view url) {
  if (const auto below = below_base_url(context, bundle, url); below.size() < url.size()) return below;
  const std::string_view path = context.options.base_path;
  if (!path.empty() && url.starts_with(path)) {
    const auto rest = url.substr(path.size());
    if (rest.starts_with('/')) return rest.substr(1);
    if (rest.starts_with('?')) return rest;
  }
  return url.starts_with('/') ? url.substr(1) : url;
}

std::string trouble_of(const Entry& entry) {
  if (entry.modified) return "The request has a modifierExtension, which this server does not know";  // R4 extensibility.html
  if (entry.empty_guard) return "ifMatch, ifNoneMatch, ifModifiedSince or ifNoneExist stands there without a value";
  const auto url = entry.url;
  if (url.find('#') != std::string_view::npos) return "A request's url has no fragment: '#' in a value is written %23";
  if (url.starts_with("//")) return "A url that begins with // names a server, not a resource of this one";  // RFC 3986 4.2
  const auto question = url.find('?');
  if (question != std::string_view::npos && url.substr(question + 1).starts_with('?')) return "The url has two '?' in a row";
  return {};
}

int processing_rank(const Entry& entry) {
  if (entry.method == "DELETE") return 0;
  const auto path = entry.url.substr(0, entry.url.find('?'));
  if (entry.method == "POST") return path == "_search" || path.ends_with("/_search") ? 3 : 1;
  if (entry.method == "PUT" || entry.method == "PATCH") return 2;
  return 3;
}

ExchangePtr exchange_for(const Context& context, const Exchange& bundle, const Entry& entry) {
  auto exchange = std::make_shared<Exchange>();
  exchange->in_bundle = true;
  exchange->lane = bundle.lane;
  exchange->access = bundle.access;
  exchange->prefer = bundle.prefer;
  if (bundle.once && processing_rank(entry) != 3) exchange->once = once_for_part(*bundle.once, entry.index);
  auto& request = exchange->request;
  request.method = entry.method;
  request.target = context.options.base_path + "/" + std::string(below_base(context, bundle, entry.url));
  request.base_url = bundle.request.base_url;
  const auto header = [&](const char* name, std::string_view value) {
    if (!value.empty()) request.headers.emplace_back(name, value);
  };
  header("If-Match", entry.if_match);
  header("If-None-Match", entry.if_none_match);
  header("If-None-Exist", entry.if_none_exist);
  if (const auto since = model::Temporal::parse(entry.if_modified_since, model::Primitive::instant)) {
    exchange->modified_since = (since->high() - 1) / 10000;  // of an instant in seconds, its last
  }
  if (entry.method == "PATCH") {
    // Without one the interaction says what is missing.
    if (auto document = patch_document(entry.resource)) {
      header("Content-Type", document->content_type);
      request.body = std::move(document->body);
    }
  } else if (entry.resource) {
    header("Content-Type", "application/fhir+json");
    request.body = entry.resource.json();
  }
  return exchange;
}

}  // namespace rest
