// The change feed: what was committed after some commit, in the order of the commits, deletes too, without a gap.

#include <algorithm>
#include <array>
#include <charconv>

#include "fhir/rest/change_source.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/interactions.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

struct Form {
  std::string_view name;  // in Accept or _format
  std::string_view type;  // of the answer
  bool events = false;
};
constexpr std::uint64_t most_count = 10000;  // found before the first line is sent; without _count there is no limit

constexpr std::string_view lines_name = "application/x-ndjson", events_type = "text/event-stream";
// With their character set, as all that holds resources (R4 http.html#mime-type); events are always in UTF-8.
constexpr std::string_view lines_type = "application/x-ndjson; charset=utf-8";
constexpr std::string_view fhir_lines_type = "application/fhir+ndjson; charset=utf-8";
// The first is what is answered where nothing is asked for.
constexpr std::array<Form, 8> forms{{
    {lines_name, lines_type},
    {"application/ndjson", "application/ndjson; charset=utf-8"},
    {"application/fhir+ndjson", fhir_lines_type},
    {"application/fhir ndjson", fhir_lines_type},  // _format with its '+' not escaped
    {"ndjson", lines_type},
    {events_type, events_type, true},
    {"*/*", lines_type},
    {"application/*", lines_type},
}};

const Form* form_by_name(std::string_view name) {
  const auto found =
      std::find_if(forms.begin(), forms.end(), [&](const Form& form) { return equal_ignoring_case(form.name, name); });
  return found == forms.end() ? nullptr : &*found;
}

double quality(std::string_view parameters) {  // RFC 9110 12.4.2
  while (!parameters.empty()) {
    auto value = next_part(parameters, ';');
    if (!equal_ignoring_case(next_part(value, '='), "q")) continue;
    double number = 1;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
  }
  return 1;
}

model::Result<Form> choose_form(const Exchange& exchange) {
  const auto* format = argument(exchange, "_format");
  std::string accept;
  if (format) {
    accept = *format;
  } else {
    for (const auto& [name, value] : exchange.request.headers) {
      if (equal_ignoring_case(name, "Accept")) accept += (accept.empty() ? "" : ",") + value;
    }
  }
  if (trimmed(accept).empty()) return forms.front();
  const Form* best = nullptr;
  double most = 0;
  for (std::string_view rest = accept; !rest.empty();) {
    auto range = next_part(rest, ',');
    const auto* named = form_by_name(next_part(range, ';'));
    const double wanted = quality(range);
    if (!named || wanted <= most) continue;
    best = named;
    most = wanted;
  }
  if (best) return *best;
  return failure(FailureKind::not_acceptable, IssueCode::not_supported,
                 "The change feed is answered as " + std::string(lines_name) + " or " + std::string(events_type) + "; '" +
                     accept.substr(0, 100) + "' asks for neither");
}

model::Failure bad_value(std::string_view name, std::string_view value, std::string_view wanted) {
  return failure(FailureKind::bad_request, IssueCode::value,
                 std::string(name) + " is '" + std::string(value.substr(0, 60)) + "'; it must be " + std::string(wanted));
}

model::Result<std::uint64_t> parse_number(std::string_view name, std::string_view value, std::string_view wanted) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) return bad_value(name, value, wanted);
  return number;
}

struct Asked {
  Form form;
  std::optional<std::uint64_t> count;
  ChangeRange range;
};

model::Result<void> read_types(const Context& context, const std::string& value, ChangeRange& range) {
  model::Failure unknown{FailureKind::bad_request, {}};
  for (std::string_view rest = value; !rest.empty();) {
    const auto end = std::min(rest.find(','), rest.size());
    const auto name = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto type = context.schema.resource_type(name);
    if (type == model::no_type) {
      unknown.issues.error(IssueCode::value,
                           "_type names '" + std::string(name.substr(0, 60)) + "', which is no resource type of R4");
    } else if (std::find(range.types.begin(), range.types.end(), type) == range.types.end()) {
      range.types.push_back(type);
    }
  }
  if (!unknown.issues.empty()) return unknown;
  if (range.types.empty()) return bad_value("_type", value, "resource types, with commas between them");
  return {};
}

model::Result<Asked> read_asked(const Context& context, Exchange& exchange) {
  Asked asked;
  auto form = choose_form(exchange);
  if (!form) return form.error();
  asked.form = *form;
  static constexpr std::array<std::string_view, 4> names{"after", "_count", "_type", "_resource"};
  for (const auto name : names) {
    const auto& arguments = exchange.target.arguments;
    if (std::count_if(arguments.begin(), arguments.end(), [&](const auto& each) { return each.name == name; }) > 1)
      return failure(FailureKind::bad_request, IssueCode::invalid, std::string(name) + " may stand only once");
  }
  auto checked = asked.form.events ? check_parameters(exchange, {"after", "_type", "_resource"})
                                   : check_parameters(exchange, {"after", "_count", "_type", "_resource"});
  if (!checked) return checked.error();
  static constexpr std::string_view a_commit = "the number of a commit, or 'last'";
  const auto* after = argument(exchange, "after");
  const auto resumed = exchange.request.header("Last-Event-ID");  // a client that connects again asks with the same URL
  if (asked.form.events && !resumed.empty()) {
    auto number = parse_number("Last-Event-ID", resumed, "the number of a commit");
    if (!number) return number.error();
    asked.range.after = *number;
  } else if (after && *after == "last") {
    asked.range.after = context.store.last_commit();
  } else if (after) {
    auto number = parse_number("after", *after, a_commit);
    if (!number) return number.error();
    asked.range.after = *number;
  }
  if (const auto* count = argument(exchange, "_count"); count && !asked.form.events) {
    auto number = parse_number("_count", *count, "a whole number");
    if (!number) return number.error();
    asked.count = std::min(*number, most_count);
  }
  if (const auto* types = argument(exchange, "_type")) {
    if (auto read = read_types(context, *types, asked.range); !read) return read.error();
  }
  if (const auto* bodies = argument(exchange, "_resource")) {
    if (*bodies != "true" && *bodies != "false") return bad_value("_resource", *bodies, "true or false");
    asked.range.bodies = *bodies == "true";
  }
  return asked;
}

// Where lines end: behind the commit in which as many versions are reached as were asked for, else with what there is now.
// `range.after` becomes where a reader goes on: the last commit of which something is left, should it have been erased since.
void find_end(const store::Store& store, Asked& asked) {
  auto& range = asked.range;
  range.end = store.last_document() + 1;
  if (range.first >= range.end || asked.count == 0) {
    range.end = range.first;
    return;
  }
  if (asked.count) {
    const auto versions = store.documents(range.first, range.end, range.types, store::Order::oldest_first, *asked.count);
    if (versions.size() == *asked.count) range.end = store.first_after(versions.back().commit);
  }
  const auto newest = store.documents(range.first, range.end, {}, store::Order::newest_first, 1);
  if (!newest.empty()) range.after = newest.front().commit;
}

std::string next_link(const Context& context, const Exchange& exchange, store::Commit after) {
  std::string link = "<" + base_url(context, exchange) + "/_changes?after=" + std::to_string(after);
  for (const auto& [name, value] : exchange.target.arguments) {
    if (name == "after") continue;
    link.append("&");
    append_query_value(link, name);
    link.append("=");
    append_query_value(link, value);
  }
  return link + ">; rel=\"next\"";
}

}  // namespace

void changes(const Context& context, ExchangePtr exchange, Done done) {
  if (exchange->in_bundle) {
    return done(failure_response(
        failure(FailureKind::bad_request, IssueCode::not_supported, "The change feed cannot be read within a Bundle")));
  }
  auto asked = read_asked(context, *exchange);
  if (!asked) return done(failure_response(asked.error()));
  auto& range = asked->range;
  range.first = context.store.first_after(range.after);
  Response response;
  response.content_type = asked->form.type;
  response.headers.emplace_back("Cache-Control", "no-store");
  if (asked->form.events) {
    response.source = std::make_shared<ChangeEvents>(context.schema, context.store, context.bell, std::move(range));
  } else {
    find_end(context.store, *asked);
    response.headers.emplace_back("Link", next_link(context, *exchange, range.after));
    response.source = std::make_shared<ChangeLines>(context.schema, context.store, std::move(range));
  }
  done(std::move(response));
}

}  // namespace rest
