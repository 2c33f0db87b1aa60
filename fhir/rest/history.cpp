#include <array>
#include <charconv>

#include "fhir/rest/bundle_text.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/interactions.h"
#include "fhir/rest/read.h"
#include "fhir/rest/reason_phrase.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;
using store::Document;
using store::Version;

constexpr std::size_t most_page_bytes = 16u << 20;  // a page ends early rather than grow beyond this

// What of the history is asked for: documents [least, before), at the moment when its first page was read, which later pages
// keep.
struct Window {
  Document moment = 0;
  Document before = 0;
  Document least = 1;
  std::uint32_t count = 0;
  std::string parameters;  // of links, before _page
};

// `_page` is "before-moment": all that a page needs to be read again, whatever was written since.
std::optional<std::pair<Document, Document>> parse_cursor(std::string_view text) {
  Document before = 0, moment = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, before);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, moment);
  if (second.ec != std::errc() || second.ptr != end || before == 0 || before > moment + 1) return std::nullopt;
  return std::pair{before, moment};
}

std::int64_t ceil_milliseconds(std::int64_t ticks) { return ticks / 10000 + (ticks % 10000 > 0 ? 1 : 0); }

// The range of time that a parameter names. Its '+' may have been decoded to a space, which no date has.
model::Result<model::Temporal> parse_time(std::string value, std::string_view name) {
  for (auto& c : value) c = c == ' ' ? '+' : c;
  if (const auto time = model::Temporal::parse_search(value)) return *time;
  return failure(FailureKind::bad_request, IssueCode::value,
                 std::string(name) + " is '" + value.substr(0, 60) + "', which is no instant");
}

model::Result<std::uint32_t> parse_count(const std::string& value, const ServiceOptions& options) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error == std::errc::result_out_of_range) return options.max_count;
  if (error != std::errc() || end != value.data() + value.size()) {
    return failure(FailureKind::bad_request, IssueCode::value,
                   "_count is '" + value.substr(0, 60) + "'; it must be a whole number");
  }
  return std::min(count, options.max_count);
}

model::Result<Window> parse_window(const Context& context, Exchange& exchange, bool instance) {
  static constexpr std::array<std::string_view, 4> once{"_count", "_since", "_at", "_page"};
  for (const auto name : once) {
    int times = 0;
    for (const auto& each : exchange.target.arguments) times += each.name == name;
    if (times > 1) {
      return failure(FailureKind::bad_request, IssueCode::invalid,
                     std::string(name) + " may stand only once");  // R4 http.html#history
    }
  }
  if (auto checked = check_parameters(exchange, {"_count", "_since", "_at", "_page"}); !checked) return checked.error();
  Window window;
  window.count = context.options.default_count;
  if (const auto* value = argument(exchange, "_count")) {
    auto count = parse_count(*value, context.options);
    if (!count) return count.error();
    window.count = *count;
  }
  window.parameters = "_count=" + std::to_string(window.count);
  window.moment = context.store.last_document();
  window.before = window.moment + 1;
  if (const auto* page = argument(exchange, "_page")) {
    const auto cursor = parse_cursor(*page);
    if (!cursor || cursor->second > window.moment) {
      return failure(FailureKind::bad_request, IssueCode::value, "_page is not one that this server made");
    }
    std::tie(window.before, window.moment) = *cursor;
  }
  if (const auto* value = argument(exchange, "_since")) {
    const auto since = parse_time(*value, "_since");
    if (!since) return since.error();
    window.least = context.store.first_since(ceil_milliseconds(since->low()));
    window.parameters += "&_since=";
    append_query_value(window.parameters, *value);
  }
  if (const auto* value = argument(exchange, "_at")) {
    if (!instance) {
      return failure(FailureKind::bad_request, IssueCode::not_supported, "_at is supported for the history of one resource only");
    }
    const auto at = parse_time(*value, "_at");
    if (!at) return at.error();
    // Versions that came to be before the period's end, from the one on that was current when it began.
    window.before = std::min(window.before, context.store.first_since(ceil_milliseconds(at->high())));
    const auto began = context.store.first_since(ceil_milliseconds(at->low()));
    const auto then = context.store.as_of(exchange.target.type, exchange.target.id, began - 1);
    window.least = std::max(window.least, then ? then->document : began);
    window.parameters += "&_at=";
    append_query_value(window.parameters, *value);
  }
  return window;
}

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
  const auto previous = context.store.at(version.previous);
  return previous && previous->deleted() ? 201 : 200;
}

void add_entry(const Context& context, BundleText& text, const Version& version, std::string_view body) {
  const std::string type(context.schema.type_name(version.type));
  const std::string path = type + "/" + version.id;
  text.begin_entry();
  text.text("fullUrl", context.options.base_url + "/" + path);
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

// One page: `versions` holds one more than the page if there is more.
Response page(const Context& context, const Exchange& exchange, const Window& window, const std::vector<Version>& versions,
              std::optional<std::uint64_t> total) {
  const auto path = exchange.request.target.substr(0, exchange.request.target.find('?')).substr(context.options.base_path.size());
  auto parameters = window.parameters;
  for (const auto* name : {"_format", "_pretty"}) {
    if (const auto* value = argument(exchange, name)) {
      parameters += std::string("&") + name + "=";
      append_query_value(parameters, *value);
    }
  }
  const auto url = [&](Document before) {
    return context.options.base_url + path + "?" + parameters + "&_page=" + std::to_string(before) + "-" +
           std::to_string(window.moment);
  };
  // Entries first: where the page ends decides its links.
  std::vector<std::shared_ptr<const std::string>> bodies;
  std::size_t bytes = 0;
  while (bodies.size() < std::min<std::size_t>(versions.size(), window.count) && bytes < most_page_bytes) {
    const auto& version = versions[bodies.size()];
    const auto rendered = context.store.render(version.document);
    if (!rendered) throw std::runtime_error("history: a version's document is missing");
    bodies.push_back(rendered->body);
    bytes += (rendered->body ? rendered->body->size() : 0) + 400;
  }
  BundleText text("history", bytes + 1024);
  if (total) text.total(*total);
  const bool first = argument(exchange, "_page") == nullptr;
  text.link("self", first ? context.options.base_url + path + "?" + parameters : url(window.before));
  text.link("first", url(window.moment + 1));
  if (bodies.size() < versions.size() && !bodies.empty()) text.link("next", url(versions[bodies.size() - 1].document));
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    add_entry(context, text, versions[i], bodies[i] ? std::string_view(*bodies[i]) : std::string_view());
  }
  return json_response(200, text.end());
}

}  // namespace

void history_instance(const Context& context, ExchangePtr exchange, Done done) {
  const auto& target = exchange->target;
  auto window = parse_window(context, *exchange, true);
  if (!window) return done(failure_response(window.error()));
  const auto newest = is_id(target.id) ? context.store.as_of(target.type, target.id, window->moment) : std::nullopt;
  if (!newest) return done(failure_response(unknown_resource(context.schema, target.type, target.id)));
  auto versions = context.store.history(target.type, target.id, window->before, window->count + 1);
  while (!versions.empty() && versions.back().document < window->least) versions.pop_back();
  // Versions are numbered without gaps, so those of the window need not be counted one by one.
  const auto last = context.store.as_of(target.type, target.id, argument(*exchange, "_at") ? window->before - 1 : window->moment);
  const auto earlier = window->least > 1 ? context.store.as_of(target.type, target.id, window->least - 1) : std::nullopt;
  const bool later_page_at =
      argument(*exchange, "_at") && argument(*exchange, "_page");  // `before` is the page's, not the period's
  const std::uint64_t total = last ? last->version - (earlier ? earlier->version : 0) : 0;
  done(page(context, *exchange, *window, versions, later_page_at ? std::nullopt : std::optional(total)));
}

void history_type(const Context& context, ExchangePtr exchange, Done done) {
  auto window = parse_window(context, *exchange, false);
  if (!window) return done(failure_response(window.error()));
  const auto versions = context.store.documents_before(window->before, window->least, exchange->target.type, window->count + 1);
  done(page(context, *exchange, *window, versions, std::nullopt));
}

void history_system(const Context& context, ExchangePtr exchange, Done done) {
  auto window = parse_window(context, *exchange, false);
  if (!window) return done(failure_response(window.error()));
  const auto versions = context.store.documents_before(window->before, window->least, model::no_type, window->count + 1);
  // Documents are numbered over all types without gaps.
  done(page(context, *exchange, *window, versions, window->moment + 1 - std::min(window->least, window->moment + 1)));
}

}  // namespace rest
