// token: codes, identifiers, and whatever else is matched whole (R4 search.html#token).
//
//   \x02 code \0 system        a code of a system; no system: the term ends with the \0
//   \x03 system                some code of that system, for `system|`
//   \x04 text, case folded     values of type string and ContactPoint, which match whatever their case, and have no system
#include "search/fold.h"
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr char tag_system = '\x03';
constexpr char tag_caseless = '\x04';

struct Limits {
  std::size_t code, system;
};
constexpr Limits limits(Form form) { return form == Form::whole ? Limits{236, 240} : Limits{72, 96}; }

// \x02 code \0: what all systems' terms of the code begin with.
std::string code_prefix(std::string_view code, Form form) {
  std::string term;
  term.reserve(64);
  term.push_back(tag_value);
  put_part(term, code, limits(form).code);
  term.push_back('\0');
  return term;
}

std::string system_term(std::string_view system, Form form) {
  std::string term(1, tag_system);
  put_part(term, system, limits(form).system);
  return term;
}

std::string caseless_term(std::string_view text, Form form) {
  std::string term(1, tag_caseless);
  put_part(term, fold_case(text), limits(form).code);
  return term;
}

void put_code(std::string_view system, std::string_view code, Extraction& extraction) {
  if (!code.empty()) {
    std::string term = code_prefix(code, extraction.form);
    put_part(term, system, limits(extraction.form).system);
    extraction.sink.put(std::move(term));
  }
  if (!system.empty() && extraction.form == Form::whole) extraction.sink.put(system_term(system, extraction.form));
}

// Coding: (system, code); Identifier: (system, value).
void put_pair(model::NodeRef node, std::string_view code_name, Extraction& extraction) {
  std::string_view system, code;
  for (Children child(node); child.next();) {
    if (child.is("system")) system = child.text();
    if (child.is(code_name)) code = child.text();
  }
  put_code(system, code, extraction);
}

// In a composite there is no term per system: all codes are looked at.
Scan any_code_of(std::string_view system) {
  std::string wanted;
  put_part(wanted, system, limits(Form::component).system);
  auto predicate = std::make_shared<const TermPredicate>([wanted](std::string_view term) {
    const std::size_t end = term.find('\0');
    return end != std::string_view::npos && term.substr(end + 1) == wanted;
  });
  return range_scan(std::string(1, tag_value), std::string(1, tag_system), std::move(predicate));
}

}  // namespace

void put_token_text(std::string_view text, TermSink& sink) { sink.put(code_prefix(text, Form::whole)); }

bool extract_token(model::NodeRef value, Extraction& extraction) {
  switch (extraction.datatypes.of(value)) {
    case Datatype::coding:
      put_pair(value, "code", extraction);
      return true;
    case Datatype::identifier:
      put_pair(value, "value", extraction);
      return true;
    case Datatype::codeable_concept:
      for (Children child(value); child.next();) {
        if (child.is("coding")) put_pair(child.node(), "code", extraction);
      }
      return true;
    case Datatype::code:
      if (value.has_value()) put_code(extraction.datatypes.implied_system(value), value.text(), extraction);
      return true;
    case Datatype::contact_point:
      for (Children child(value); child.next();) {
        if (child.is("value") && child.node().has_value()) extraction.sink.put(caseless_term(child.text(), extraction.form));
      }
      return true;
    case Datatype::text:
      if (value.has_value()) extraction.sink.put(caseless_term(value.text(), extraction.form));
      return true;
    case Datatype::boolean:
    case Datatype::number:
    case Datatype::id:
    case Datatype::uri:
    case Datatype::canonical:
      put_code({}, value.text(), extraction);
      return true;
    default:
      return false;
  }
}

model::Result<void> token_scans(const ScanContext& context, std::string_view value, Form form, Scans& out) {
  const std::vector<std::string_view> parts = split_unescaped(value, '|');
  if (parts.size() > 2)
    return bad_value(context, value, "has more than one '|': write '\\|' for one that belongs to a code or system");
  const std::string code = unescape(parts.back());
  if (parts.size() == 1) {
    out.push_back(prefix_scan(code_prefix(code, form)));
    out.push_back(exact_scan(caseless_term(code, form)));
    return {};
  }
  const std::string system = unescape(parts.front());
  if (code.empty() && system.empty()) return bad_value(context, value, "names neither a system nor a code");
  if (code.empty()) {
    out.push_back(form == Form::whole ? exact_scan(system_term(system, form)) : any_code_of(system));
    return {};
  }
  std::string term = code_prefix(code, form);
  put_part(term, system, limits(form).system);
  out.push_back(exact_scan(std::move(term)));
  if (system.empty()) out.push_back(exact_scan(caseless_term(code, form)));
  return {};
}

std::string_view token_sort_key(std::string_view term) {
  return term.front() == tag_value || term.front() == tag_caseless ? term.substr(1) : std::string_view();
}

}  // namespace search
