// History: of one resource, of a type, of the system. R4 http.html#history, bundle.html#history.
//
// history_window says what is asked for, history_versions finds it; here it becomes a Bundle.

#include <algorithm>
#include <array>

#include "fhir/rest/bundle_text.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/history_versions.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/partial.h"
#include "fhir/rest/read.h"
#include "fhir/rest/reason_phrase.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

using store::Version;
using Kind = HistoryPosition::Kind;

struct MethodRow {
  store::Method method;
  std::string_view text;
};
constexpr std::array<MethodRow, 4> methods{{
    {store::Method::post, "POST"},
    {store::Method::put, "PUT"},
    {store::Method::patch, "PATCH"},
    {store::Method::remove, "DELETE"},
}};

std::string_view method_text(store::Method method) {
  for (const auto& row : methods) {
    if (row.method == method) return row.text;
  }
  return "PUT";
}

// As the interaction was answered: 201 also for a resource brought back to life.
int status_then(const Context& context, const Version& version) {
  if (version.deleted()) return 204;
  if (version.version == 1) return 201;
  if (version.method != store::Method::put) return 200;
  return context.store.revives(version) ? 201 : 200;
}

void add_entry(const Context& context, const Exchange& exchange, BundleText& text, const Version& version,
               std::string_view body) {
  const std::string type(context.schema.type_name(version.type));
  const std::string path = type + "/" + version.id;
  text.begin_entry();
  text.text("fullUrl", base_url(context, exchange) + "/" + path);
  if (!version.deleted()) text.member("resource", body);
  text.begin_object("request");
  text.text("method", method_text(version.method));
  text.text("url", version.method == store::Method::post ? type : path);
  text.end_object();
  const int status = status_then(context, version);
  text.begin_object("response");
  text.text("status", std::to_string(status) + " " + std::string(reason_phrase(status)));
  text.text("etag", etag(version.version));
  text.text("lastModified", model::instant_text(version.last_updated));
  text.end_object();
  text.end_entry();
}

struct Page {
  std::vector<Version> versions;
  std::vector<std::shared_ptr<const std::string>> bodies;
  std::size_t bytes = 0;
  bool has_previous = false, has_next = false;
};

Page read_page(const Context& context, const HistoryWindow& window, std::uint64_t total) {
  Page page;
  // The last page ends as the others do, counted from the first.
  std::size_t wanted = window.count;
  if (window.position.kind == Kind::last && total > 0 && wanted > 0) wanted = (total - 1) % wanted + 1;
  page.versions = wanted == 0 ? std::vector<Version>() : history_versions(context, window, wanted + 1);
  while (page.bodies.size() < std::min(page.versions.size(), wanted) && page.bytes < most_page_bytes) {
    const auto rendered = context.store.render(page.versions[page.bodies.size()].document);
    if (!rendered) {  // erased this moment
      page.versions.erase(page.versions.begin() + static_cast<std::ptrdiff_t>(page.bodies.size()));
      continue;
    }
    page.bodies.push_back(shown(rendered->body, context.schema, window.subset));
    page.bytes += (rendered->body ? rendered->body->size() : 0) + 400;
  }
  const bool more = page.bodies.size() < page.versions.size();
  page.versions.resize(page.bodies.size());
  const bool from_end = backward(window.position);
  page.has_next = from_end ? window.position.kind == Kind::before : more;
  page.has_previous = from_end ? more : window.position.kind == Kind::after;
  if (from_end) {
    std::reverse(page.versions.begin(), page.versions.end());
    std::reverse(page.bodies.begin(), page.bodies.end());
  }
  return page;
}

std::string link_start(const Context& context, const Exchange& exchange, const HistoryWindow& window) {
  const auto& target = exchange.request.target;
  std::string url = base_url(context, exchange) + target.substr(0, target.find('?')).substr(context.options.base_path.size());
  url += "?" + window.parameters;
  for (const auto* name : {"_format", "_pretty"}) {
    if (const auto* value = argument(exchange, name)) {
      url += std::string("&") + name + "=";
      append_query_value(url, *value);
    }
  }
  return url;
}

Response answer(const Context& context, const Exchange& exchange, const HistoryWindow& window) {
  const auto total = history_total(context, window);
  const auto page = read_page(context, window, total);
  const auto start = link_start(context, exchange, window);
  const auto link = [&](Kind kind, store::Document document) {
    return start + "&_page=" + page_text({kind, document}, window.moment);
  };
  BundleText text("history", page.bytes + 1024);
  text.total(total);
  text.link("self", argument(exchange, "_page") ? link(window.position.kind, window.position.document) : start);
  if (page.has_previous || page.has_next) text.link("first", link(Kind::first, 0));
  if (!page.versions.empty()) {
    if (page.has_previous) text.link("previous", link(Kind::before, page.versions.front().document));
    if (page.has_next) text.link("next", link(Kind::after, page.versions.back().document));
    if (page.has_previous || page.has_next) text.link("last", link(Kind::last, 0));
  }
  for (std::size_t i = 0; i < page.versions.size(); ++i) {
    const auto& body = page.bodies[i];
    add_entry(context, exchange, text, page.versions[i], body ? std::string_view(*body) : std::string_view());
  }
  return json_response(200, text.end());
}

}  // namespace

void history_instance(const Context& context, ExchangePtr exchange, Done done) {
  const auto& target = exchange->target;
  const auto window = parse_history(context, *exchange);
  if (!window) return done(failure_response(window.error()));
  if (!is_id(target.id) || !context.store.as_of(target.type, target.id, window->moment)) {
    return done(failure_response(unknown_resource(context.schema, target.type, target.id)));
  }
  done(answer(context, *exchange, *window));
}

void history_type(const Context& context, ExchangePtr exchange, Done done) {
  const auto window = parse_history(context, *exchange);
  if (!window) return done(failure_response(window.error()));
  done(answer(context, *exchange, *window));
}

void history_system(const Context& context, ExchangePtr exchange, Done done) {
  history_type(context, std::move(exchange), std::move(done));
}

}  // namespace rest
