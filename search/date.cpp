// date: ranges of time against ranges of time (R4 search.html#date and #prefix).
//
//   \x02 class low high         [low, high) in units of 100 ns since 1970, eight ordered bytes each; the class bounds its
//   duration
//
// A value with no beginning has the least low, one with no end the greatest high, each in a class of its own. Because durations
// of a class are bounded, a condition on the high end is a range of lows, and only the band where the class leaves it open is
// compared term by term.
#include <algorithm>
#include <array>
#include <limits>

#include "resources-gen/model/temporal.h"
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

using Ticks = std::int64_t;
constexpr Ticks least = std::numeric_limits<Ticks>::min();
constexpr Ticks greatest = std::numeric_limits<Ticks>::max();
constexpr Ticks second = 10'000'000;
constexpr Ticks day = 86'400 * second;

struct Span {  // [low, high)
  Ticks low, high;
};

// Durations in (above, upto].
struct DurationClass {
  char byte;
  Ticks above, upto;
};
constexpr std::array<DurationClass, 5> closed_classes = {{{'\x10', 0, second},            // instants, times
                                                          {'\x11', second, day},          // days, visits
                                                          {'\x12', day, 31 * day},        // months, stays
                                                          {'\x13', 31 * day, 366 * day},  // years
                                                          {'\x14', 366 * day, greatest}}};
constexpr char class_no_beginning = '\x20';
constexpr char class_no_end = '\x21';

Ticks minus(Ticks a, Ticks b) { return a < least + b ? least : a - b; }  // saturating; b >= 0
Ticks plus(Ticks a, Ticks b) { return a > greatest - b ? greatest : a + b; }

std::string term_start(char duration_class, Ticks low) {
  std::string term{tag_value, duration_class};
  put_ordered(term, low);
  return term;
}

void put_span(Span span, TermSink& sink) {
  if (span.low >= span.high) return;  // a period that ends before it begins
  char byte = class_no_beginning;
  if (span.low != least) {
    byte = class_no_end;
    if (span.high != greatest) {
      byte = closed_classes.back().byte;
      for (const DurationClass& row : closed_classes) {
        if (minus(span.high, row.upto) <= span.low) {
          byte = row.byte;
          break;
        }
      }
    }
  } else if (span.high == greatest) {
    return;  // says nothing
  }
  std::string term = term_start(byte, span.low);
  put_ordered(term, span.high);
  sink.put(std::move(term));
}

bool read_span(std::string_view text, model::Primitive primitive, Span& span) {
  const std::optional<model::Temporal> value = model::Temporal::parse(text, primitive);
  if (!value) return false;
  // R4: an instant has "an effective width of 0": here the least width there is.
  span = {value->low(), primitive == model::Primitive::instant ? plus(value->low(), 1) : value->high()};
  return true;
}

Span period_span(model::NodeRef period) {
  Span span{least, greatest}, end{};
  for (Children child(period); child.next();) {
    if (child.is("start") && read_span(child.text(), model::Primitive::date_time, end)) span.low = end.low;
    if (child.is("end") && read_span(child.text(), model::Primitive::date_time, end)) span.high = end.high;
  }
  return span;
}

// "The specified scheduling details are ignored and only the outer limits matter."
Span timing_span(model::NodeRef timing, const Datatypes& datatypes) {
  Span hull{greatest, least};
  const auto add = [&](Span span) { hull = {std::min(hull.low, span.low), std::max(hull.high, span.high)}; };
  for (Children child(timing); child.next();) {
    Span event{};
    if (child.is("event") && read_span(child.text(), model::Primitive::date_time, event)) add(event);
    if (!child.is("repeat")) continue;
    for (Children part(child.node()); part.next();) {
      if (part.is("bounds") && datatypes.of(part.node()) == Datatype::period) add(period_span(part.node()));
    }
  }
  return hull;
}

// The scans of one class: sets of terms by conditions on low and high, low within [from, to).
class ClassScans {
 public:
  ClassScans(DurationClass row, Scans& out) : row_(row), out_(out) {}
  ~ClassScans() { flush(); }
  ClassScans(const ClassScans&) = delete;
  ClassScans& operator=(const ClassScans&) = delete;

  void all(Ticks from, Ticks to) {
    if (from >= to) return;
    if (pending_ && from <= to_) {
      to_ = std::max(to_, to);
      return;
    }
    flush();
    pending_ = true;
    from_ = from;
    to_ = to;
  }
  // high > bound
  void ending_after(Ticks bound, Ticks from, Ticks to) {
    const Ticks sure = minus(bound, row_.above);
    band(true, bound, std::max(from, plus(minus(bound, row_.upto), 1)), std::min(to, sure));
    all(std::max(from, sure), to);
  }
  // high <= bound
  void ending_upto(Ticks bound, Ticks from, Ticks to) {
    const Ticks unsure = plus(minus(bound, row_.upto), 1);
    all(from, std::min(to, unsure));
    band(false, bound, std::max(from, unsure), std::min(to, minus(bound, row_.above)));
  }

 private:
  void band(bool after, Ticks bound, Ticks from, Ticks to) {
    if (from >= to) return;
    flush();
    auto predicate = std::make_shared<const TermPredicate>(
        [after, bound](std::string_view term) { return term.size() >= 18 && (read_ordered(term.substr(10)) > bound) == after; });
    out_.push_back(range_scan(start(from), start(to), std::move(predicate)));
  }
  void flush() {
    if (pending_) out_.push_back(range_scan(start(from_), start(to_)));
    pending_ = false;
  }
  std::string start(Ticks low) const {
    if (low == least) return {tag_value, row_.byte};
    if (low == greatest) return {tag_value, static_cast<char>(row_.byte + 1)};
    return term_start(row_.byte, low);
  }

  DurationClass row_;
  Scans& out_;
  bool pending_ = false;
  Ticks from_ = 0, to_ = 0;
};

// Values whose beginning is known and whose end may be. `s` is the range of the search value, for `ap` widened.
// R4 search.html#prefix. Of ge and le the third column has "what lies above, or is contained", which would leave out a period
// that begins before the value and ends in it; so they are read as the first column has them, "greater or equal": something of
// the period is in the value or above it.
void closed_scans(Prefix prefix, Span s, DurationClass row, Scans& out) {
  ClassScans scans(row, out);
  switch (prefix) {
    case Prefix::eq:
      scans.ending_upto(s.high, s.low, greatest);
      break;
    case Prefix::ne:
      scans.all(least, s.low);
      scans.ending_after(s.high, s.low, greatest);
      break;
    case Prefix::gt:
      scans.ending_after(s.high, least, greatest);
      break;
    case Prefix::lt:
      scans.all(least, s.low);
      break;
    case Prefix::ge:
      scans.ending_after(s.low, least, greatest);
      break;
    case Prefix::le:
      scans.all(least, s.high);
      break;
    case Prefix::sa:
      scans.all(s.high, greatest);
      break;
    case Prefix::eb:
      scans.ending_upto(s.low, least, greatest);
      break;
    case Prefix::ap:
      scans.ending_after(s.low, least, s.high);
      break;
  }
}

// Values without a beginning: low is the least of all, so the terms of the class are in the order of their ends.
void endless_past_scans(Prefix prefix, Span s, Scans& out) {
  const auto from_end = [](Ticks high) {
    std::string term = term_start(class_no_beginning, least);
    put_ordered(term, high);
    return term;
  };
  const std::string first{tag_value, class_no_beginning}, after_last{tag_value, class_no_end};
  switch (prefix) {
    case Prefix::eq:
    case Prefix::sa:
      break;
    case Prefix::ne:
    case Prefix::lt:
    case Prefix::le:
      out.push_back(range_scan(first, after_last));
      break;
    case Prefix::gt:
      out.push_back(range_scan(from_end(plus(s.high, 1)), after_last));
      break;
    case Prefix::eb:
      out.push_back(range_scan(first, from_end(plus(s.low, 1))));
      break;
    case Prefix::ge:
    case Prefix::ap:
      out.push_back(range_scan(from_end(plus(s.low, 1)), after_last));
      break;
  }
}

// R4: the recommended width of `ap` is 10 % of the gap between now and the date.
Span widened(Span s, std::int64_t now_ms) {
  const Ticks now = now_ms * 10'000;
  const Ticks gap = now < s.low ? s.low - now : now > s.high ? now - s.high : 0;
  return {minus(s.low, gap / 10), plus(s.high, gap / 10)};
}

}  // namespace

bool extract_date(model::NodeRef value, Extraction& extraction) {
  const Datatype kind = extraction.datatypes.of(value);
  Span span{least, greatest};
  switch (kind) {
    case Datatype::date:
    case Datatype::date_time:
    case Datatype::instant:
      if (read_span(value.text(), value.primitive(), span)) put_span(span, extraction.sink);
      return true;
    case Datatype::period:
      put_span(period_span(value), extraction.sink);
      return true;
    case Datatype::timing:
      put_span(timing_span(value, extraction.datatypes), extraction.sink);
      return true;
    default:
      return false;
  }
}

model::Result<void> date_scans(const ScanContext& context, std::string_view value, Form, Scans& out) {
  std::string text = unescape(value);
  std::string_view rest = text;
  const Prefix prefix = take_prefix(rest);
  std::string date(rest);
  // "+02:00" whose plus sign was not percent-encoded arrives with a space.
  if (const std::size_t space = date.rfind(' '); space != std::string::npos && date.find('T') < space) date[space] = '+';
  const std::optional<model::Temporal> temporal = model::Temporal::parse_search(date);
  if (!temporal)
    return bad_value(context, value, "is no date: write it as yyyy, yyyy-mm, yyyy-mm-dd or yyyy-mm-ddThh:mm[:ss] with a zone");
  Span s{temporal->low(), temporal->high()};
  if (prefix == Prefix::ap) s = widened(s, context.now_ms);
  for (const DurationClass& row : closed_classes) closed_scans(prefix, s, row, out);
  endless_past_scans(prefix, s, out);
  if (prefix != Prefix::eb) closed_scans(prefix, s, {class_no_end, greatest, greatest}, out);
  return {};
}

std::string_view date_sort_key(std::string_view term) {
  return term.front() == tag_value && term.size() >= 10 ? term.substr(2, 8) : std::string_view();
}

}  // namespace search
