// uri: matched whole and to the letter (R4 search.html#uri).
//
//   \x02 uri            a canonical with a version has a term with it ("url|1.0") and one without, and so has the url of a
//                       resource that has a version: R4 asks that `url|version` be understood
#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr std::size_t limit(Form form) { return form == Form::whole ? max_term_bytes - 1 : 120; }

std::string uri_term(std::string_view uri, Form form) {
  std::string term(1, tag_value);
  put_part(term, uri, limit(form));
  return term;
}

}  // namespace

bool extract_uri(model::NodeRef value, Extraction& extraction) {
  const Datatype kind = extraction.datatypes.of(value);
  if (kind != Datatype::uri && kind != Datatype::canonical && kind != Datatype::text) return false;
  const std::string_view uri = value.text();
  if (uri.empty()) return true;
  extraction.sink.put(uri_term(uri, extraction.form));
  const std::size_t bar = uri.find('|');
  if (kind == Datatype::canonical && bar != std::string_view::npos)
    extraction.sink.put(uri_term(uri.substr(0, bar), extraction.form));
  if (const model::NodeRef holder = value.parent(); holder && holder.is_resource() && value.name() == "url") {
    for (Children child(holder); child.next();) {
      if (child.is("version") && child.node().has_value()) {
        extraction.sink.put(uri_term(std::string(uri).append("|").append(child.text()), extraction.form));
      }
    }
  }
  return true;
}

model::Result<void> uri_scans(const ScanContext&, std::string_view value, Form form, Scans& out) {
  out.push_back(exact_scan(uri_term(unescape(value), form)));
  return {};
}

}  // namespace search
