#include "fhir/rest/history_window.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "fhir/rest/partial.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

using model::FailureKind;
using model::IssueCode;
using store::Document;
using Kind = HistoryPosition::Kind;

std::int64_t ceil_milliseconds(std::int64_t ticks) { return ticks / 10000 + (ticks % 10000 > 0 ? 1 : 0); }

bool take_number(std::string_view& text, Document& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool parse_page(std::string_view text, HistoryPosition& position, Document& moment) {
  static constexpr std::array kinds{Kind::first, Kind::after, Kind::before, Kind::last};
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](Kind k) { return !text.empty() && text[0] == char(k); });
  if (kind == kinds.end()) return false;
  position.kind = *kind;
  text.remove_prefix(1);
  if (!take_number(text, position.document) || text.empty() || text[0] != '-') return false;
  text.remove_prefix(1);
  return take_number(text, moment) && text.empty() && position.document <= moment;
}

// One request's parameters, each read by the function of its row.
class Reader {
 public:
  Reader(const Context& context, Exchange& exchange) : context_(context), exchange_(exchange) {
    const auto& target = exchange.target;
    window_.type = target.type;
    if (target.shape == Shape::instance_history) window_.id = target.id;
    if (target.shape == Shape::type_history) window_.types.push_back(target.type);
    window_.count = context.options.default_count;
    window_.moment = context.store.last_document();
  }

  model::Result<HistoryWindow> read() {
    const bool system = exchange_.target.shape == Shape::system_history;
    read_subset();
    for (const Row& row : rows) read(row, system);
    window_.parameters += links_;
    const auto checked =
        system ? check_parameters(exchange_, {"_count", "_since", "_at", "_sort", "_page", "_summary", "_elements", "_type"})
               : check_parameters(exchange_, {"_count", "_since", "_at", "_sort", "_page", "_summary", "_elements"});
    if (!checked) {
      for (const auto& issue : checked.error().issues) failure_.issues.add(issue);
    }
    if (!failure_.issues.empty()) return failure_;
    find_range();
    return std::move(window_);
  }

 private:
  struct Row {
    std::string_view name;
    void (Reader::*read)(const std::string& value);
    bool system_only = false;
    bool in_links = true;
  };
  static const std::array<Row, 6> rows;

  void fault(std::string_view name, const std::string& value, std::string_view what) {
    failure_.issues.error(IssueCode::value, std::string(name) + " is '" + value.substr(0, 60) + "'; " + std::string(what));
  }

  void read(const Row& row, bool system) {
    if (row.system_only && !system) return;  // then unknown
    const std::string* value = argument(exchange_, row.name);
    const auto& arguments = exchange_.target.arguments;
    if (std::count_if(arguments.begin(), arguments.end(), [&](const auto& each) { return each.name == row.name; }) > 1) {
      failure_.issues.error(IssueCode::invalid, std::string(row.name) + " may stand only once");  // R4 http.html#history
      return;
    }
    if (value) (this->*row.read)(*value);
    const std::string text = row.name == "_count" ? std::to_string(window_.count) : value ? *value : std::string();
    if (text.empty() || !row.in_links) return;
    window_.parameters += (window_.parameters.empty() ? "" : "&") + std::string(row.name) + "=";
    append_query_value(window_.parameters, text);
  }

  void read_subset() {
    auto partial = read_partial(exchange_, context_.schema, exchange_.target.type);
    if (!partial) {
      for (const auto& issue : partial.error().issues) failure_.issues.add(issue);
      return;
    }
    window_.subset = std::move(partial->subset);
    links_ = std::move(partial->parameters);
    count_only_ = partial->count;  // R4 search.html#count: the same as _count=0
    if (count_only_) window_.count = 0;
  }

  void read_count(const std::string& value) {
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error == std::errc::result_out_of_range && end == value.data() + value.size())
      count = context_.options.max_count;
    else if (error != std::errc() || end != value.data() + value.size())
      fault("_count", value, "it must be a whole number");
    window_.count = count_only_ ? 0 : std::min(count, context_.options.max_count);
  }

  std::optional<model::Temporal> read_time(std::string_view name, std::string value) {
    for (auto& c : value) c = c == ' ' ? '+' : c;  // a '+' may have been decoded to a space, which no date has
    auto time = model::Temporal::parse_search(value);
    if (!time) fault(name, value, "it must be a date or an instant");
    return time;
  }
  void read_since(const std::string& value) { since_ = read_time("_since", value); }
  void read_at(const std::string& value) { at_ = read_time("_at", value); }

  void read_sort(const std::string& value) {
    if (value == "_lastUpdated") {
      window_.order = store::Order::oldest_first;
    } else if (value != "-_lastUpdated") {
      fault("_sort", value, "a history is sorted by _lastUpdated or -_lastUpdated");
    }
  }

  void read_type(const std::string& value) {
    for (std::size_t begin = 0; begin <= value.size();) {
      const auto end = std::min(value.find(',', begin), value.size());
      const auto name = value.substr(begin, end - begin);
      begin = end + 1;
      const auto type = context_.schema.resource_type(name);
      if (type == model::no_type) {
        fault("_type", name, "it must name types of resources, separated by commas");
      } else {
        window_.types.push_back(type);
      }
    }
  }

  void read_page(const std::string& value) {
    Document moment = 0;
    if (!parse_page(value, window_.position, moment) || moment > window_.moment) {
      failure_.issues.error(IssueCode::value, "_page is not one that this server made");
    } else {
      window_.moment = moment;
    }
  }

  void find_range() {
    const auto& store = context_.store;
    const auto from = [&](std::int64_t ticks) {
      return std::min(store.first_since(ceil_milliseconds(ticks)), window_.moment + 1);
    };
    window_.end = window_.moment + 1;
    if (since_) window_.first = from(since_->low());
    if (!at_) return;
    // Versions that came to be within the period, and those that were current when it began. What was deleted before it has no
    // current version in it.
    window_.end = from(at_->high());
    window_.began = std::min(from(at_->low()), window_.end);
    if (window_.id.empty()) return;
    const auto then = is_id(window_.id) ? store.as_of(window_.type, window_.id, window_.began - 1) : std::nullopt;
    window_.first = std::max(window_.first, then && !then->deleted() ? then->document : window_.began);
    window_.began = 0;
  }

  const Context& context_;
  Exchange& exchange_;
  HistoryWindow window_;
  std::optional<model::Temporal> since_, at_;
  bool count_only_ = false;
  std::string links_;  // what of the answer is shown, for links
  model::Failure failure_{FailureKind::bad_request, {}};
};

// In the order in which they stand in links.
const std::array<Reader::Row, 6> Reader::rows{{
    {"_count", &Reader::read_count},
    {"_type", &Reader::read_type, true},
    {"_since", &Reader::read_since},
    {"_at", &Reader::read_at},
    {"_sort", &Reader::read_sort},
    {"_page", &Reader::read_page, false, false},
}};

}  // namespace

std::string page_text(const HistoryPosition& position, Document moment) {
  return char(position.kind) + std::to_string(position.document) + "-" + std::to_string(moment);
}

model::Result<HistoryWindow> parse_history(const Context& context, Exchange& exchange) {
  return Reader(context, exchange).read();
}

}  // namespace rest
