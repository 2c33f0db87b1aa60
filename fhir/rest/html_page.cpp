#include "fhir/rest/html_page.h"

#include "fhir/rest/reason_phrase.h"
#include "fhir/rest/target.h"
#include "resources-gen/formats/json.h"

namespace rest {
namespace {

// The one style of every page; the policy names it by its hash, so that no other can apply.
constexpr std::string_view style = "pre{white-space:pre-wrap;overflow-wrap:anywhere}";
constexpr std::string_view policy =
    "default-src 'none'; style-src 'sha256-fArvR43yIfabz0J/V8rC5WX+ia19oPQgAC4yxBikbb4='; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

// "Patient/1", "Patient/1/_history/2": a resource type, an id, perhaps a version.
bool is_relative_reference(std::string_view text, const model::Schema& schema) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || schema.resource_type(text.substr(0, slash)) == model::no_type) return false;
  text.remove_prefix(slash + 1);
  static constexpr std::string_view history = "/_history/";
  const auto next = text.find('/');
  if (next == std::string_view::npos) return is_id(text);
  return is_id(text.substr(0, next)) && text.substr(next).starts_with(history) && is_id(text.substr(next + history.size()));
}

// Where a string of the resource leads; empty: nowhere. Only to what is below our own base, so that no scheme but ours is ever
// followed.
std::string link_of(std::string_view text, std::string_view base_url, const model::Schema& schema) {
  if (text.find('\\') != std::string_view::npos) return {};  // an escape: no address that we wrote
  const auto rest = text.starts_with(base_url) ? text.substr(base_url.size()) : std::string_view("no");
  if (rest.empty() || rest.front() == '/' || rest.front() == '?') return std::string(text);
  if (is_relative_reference(text, schema)) return std::string(base_url) + "/" + std::string(text);
  return {};
}

// Walks indented JSON once: escapes it, makes links, and finds what the resource is called.
class PageText {
 public:
  PageText(std::string_view json, std::string_view base_url, const model::Schema& schema)
      : json_(json), base_url_(base_url), schema_(schema) {
    out.reserve(json.size() + json.size() / 4);
  }

  void run() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (c == '{' || c == '[') ++depth_;
      if (c == '}' || c == ']') --depth_;
      append_escaped(out, json_.substr(at_++, 1));
    }
  }

  std::string out;
  std::string_view type, id;  // of the resource; within the JSON

 private:
  void string() {
    const auto from = at_;
    for (++at_; at_ < json_.size() && json_[at_] != '"'; ++at_) at_ += json_[at_] == '\\';
    const auto text = json_.substr(from + 1, at_ - from - 1);
    at_ = std::min(at_ + 1, json_.size());
    out += '"';
    if (at_ < json_.size() && json_[at_] == ':') {
      name_ = text;
      append_escaped(out, text);
    } else {
      value(text);
    }
    out += '"';
  }

  void value(std::string_view text) {
    if (depth_ == 1 && name_ == "resourceType") type = text;
    if (depth_ == 1 && name_ == "id") id = text;
    const auto link = link_of(text, base_url_, schema_);
    if (!link.empty()) {
      out += "<a href=\"";
      append_escaped(out, link);
      out += "\">";
    }
    append_escaped(out, text);
    if (!link.empty()) out += "</a>";
  }

  std::string_view json_, base_url_;
  const model::Schema& schema_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string_view name_;
};

}  // namespace

std::string html_page(std::string_view json, int status, std::string_view base_url, const model::Schema& schema) {
  const auto indented = formats::pretty(json);
  PageText text(indented, base_url, schema);
  text.run();
  std::string title;
  append_escaped(title, std::to_string(status) + " " + std::string(reason_phrase(status)));
  if (!text.type.empty()) {
    title += " - ";
    append_escaped(title, text.type);
    if (!text.id.empty()) {
      title += '/';
      append_escaped(title, text.id);
    }
  }
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  page.append(title).append("</title><style>").append(style).append("</style></head>\n<body><h1>").append(title);
  page.append("</h1>\n<pre>").append(text.out).append("</pre>\n</body></html>\n");
  return page;
}

void add_page_headers(Response& response) {
  response.headers.emplace_back("Vary", "Accept");  // the ETag is that of the resource, in whatever form
  response.headers.emplace_back("Content-Security-Policy", policy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");  // addresses hold identifiers
}

}  // namespace rest
