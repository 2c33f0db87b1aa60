// reference: links between resources, and canonical URLs (R4 search.html#reference and #versions).
//
//   \x02 Type/id                a local resource: relative, or absolute under the server's base; versions are not kept apart
//   \x02 url                    a resource elsewhere, urn:uuid: ...
//   \x02 url \0 version         a canonical
//
// Contained targets ("#x") and references by identifier alone have no term.
#include <algorithm>

#include "search/query_text.h"
#include "search/term_bytes.h"
#include "search/value_types.h"

namespace search {
namespace {

constexpr std::size_t url_limit = 330, version_limit = 140;
constexpr std::size_t component_url_limit = 110, component_version_limit = 60;

bool is_id(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.')) return false;
  }
  return true;
}

std::string url_term(std::string_view url, Form form) {
  std::string term(1, tag_value);
  put_part(term, url, form == Form::whole ? url_limit : component_url_limit);
  return term;
}

std::string canonical_term(std::string_view url, std::string_view version, Form form) {
  std::string term = url_term(url, form);
  term.push_back('\0');
  put_part(term, version, form == Form::whole ? version_limit : component_version_limit);
  return term;
}

std::string local_term(const model::Schema& schema, LocalReference target) {
  std::string term(1, tag_value);
  return term.append(schema.type_name(target.type)).append("/").append(target.id);
}

// "http://other/fhir/Patient/1/_history/2" without its version.
std::string_view without_history(std::string_view url) { return url.substr(0, url.find("/_history/")); }

bool is_absolute(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ':') return i > 0;
    if (text[i] == '/' || text[i] == '?' || text[i] == '#') return false;
  }
  return false;
}

void put_reference(std::string_view text, Extraction& extraction) {
  LocalReference target;
  if (local_reference(extraction.datatypes.schema(), extraction.base_urls, text, target)) {
    extraction.sink.put(local_term(extraction.datatypes.schema(), target));
  } else if (is_absolute(text)) {
    extraction.sink.put(url_term(without_history(text), extraction.form));
  }
}

void put_canonical(std::string_view text, Extraction& extraction) {
  if (text.empty() || text.front() == '#') return;
  LocalReference target;
  if (local_reference(extraction.datatypes.schema(), extraction.base_urls, text, target)) {
    extraction.sink.put(local_term(extraction.datatypes.schema(), target));
  }
  const std::size_t bar = text.find('|');
  const std::string_view version = bar == std::string_view::npos ? std::string_view() : text.substr(bar + 1);
  extraction.sink.put(canonical_term(text.substr(0, bar), version, extraction.form));
}

// Bundle-composition and -message: the resource itself stands where a reference would.
bool put_resource(model::NodeRef resource, Extraction& extraction) {
  const model::Schema& schema = extraction.datatypes.schema();
  const std::span<const model::TypeId> targets = model::Schema::rows(schema.parameter_bases, extraction.parameter.targets);
  if (!targets.empty() && std::find(targets.begin(), targets.end(), resource.type()) == targets.end()) return false;
  const model::NodeRef id = resource.child("id");
  if (id && is_id(id.text())) extraction.sink.put(local_term(schema, {resource.type(), id.text()}));
  return true;
}

// R4 references.html#canonical: what a canonical names has a `url` of its own.
bool has_canonical(const model::Schema& schema, model::TypeId type) {
  return schema.child(schema.types[type].root, "url").element != model::no_element;
}

// The ways in which a local resource may have been referred to: relative, and absolute below our bases, as a canonical too.
void local_scans(const ScanContext& context, LocalReference target, Form form, Scans& out) {
  out.push_back(exact_scan(local_term(context.schema, target)));
  for (const std::string& base : context.base_urls) {
    if (base.empty()) continue;
    std::string url(base);
    if (url.back() != '/') url.push_back('/');
    url.append(context.schema.type_name(target.type)).append("/").append(target.id);
    out.push_back(exact_scan(url_term(url, form)));
    if (has_canonical(context.schema, target.type)) out.push_back(prefix_scan(url_term(url, form).append(1, '\0')));
  }
}

bool is_resource_base(const model::Schema& schema, model::TypeId type) { return schema.types[type].abstract; }

void id_scans(const ScanContext& context, std::string_view id, Form form, Scans& out) {
  const std::span<const model::TypeId> targets = model::Schema::rows(context.schema.parameter_bases, context.parameter.targets);
  const bool any = targets.empty() || std::any_of(targets.begin(), targets.end(),
                                                  [&](model::TypeId t) { return is_resource_base(context.schema, t); });
  if (!any) {
    for (const model::TypeId target : targets) local_scans(context, {target, id}, form, out);
    return;
  }
  for (std::size_t i = 0; i < context.schema.types.size(); ++i) {
    const auto type = static_cast<model::TypeId>(i);
    if (context.schema.types[i].kind == model::TypeKind::resource && !context.schema.types[i].abstract)
      local_scans(context, {type, id}, form, out);
  }
}

}  // namespace

std::string_view below_base_url(std::span<const std::string> base_urls, std::string_view text) {
  for (std::string_view base : base_urls) {
    while (base.ends_with('/')) base.remove_suffix(1);
    if (!base.empty() && text.size() > base.size() && text.starts_with(base) && text[base.size()] == '/')
      return text.substr(base.size() + 1);
  }
  return text;
}

bool local_reference(const model::Schema& schema, std::span<const std::string> base_urls, std::string_view text,
                     LocalReference& out) {
  text = below_base_url(base_urls, text);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  std::string_view id = text.substr(slash + 1);
  if (const std::size_t end = id.find('/'); end != std::string_view::npos) {
    const std::string_view further = id.substr(end);
    if (!further.starts_with("/_history/") || !is_id(further.substr(10))) return false;
    id = id.substr(0, end);
  }
  out.type = schema.resource_type(text.substr(0, slash));
  out.id = id;
  return out.type != model::no_type && is_id(id);
}

bool extract_reference(model::NodeRef value, Extraction& extraction) {
  switch (extraction.datatypes.of(value)) {
    case Datatype::reference:
      for (Children child(value); child.next();) {
        if (child.is("reference")) put_reference(child.text(), extraction);
      }
      return true;
    case Datatype::canonical:
    case Datatype::uri:
      put_canonical(value.text(), extraction);
      return true;
    case Datatype::resource:
      return put_resource(value, extraction);
    default:
      return false;
  }
}

model::Result<void> reference_scans(const ScanContext& context, std::string_view value, Form form, Scans& out) {
  const std::vector<std::string_view> parts = split_unescaped(value, '|');
  if (parts.size() > 2) return bad_value(context, value, "has more than one '|'");
  const std::string text = unescape(parts.front());
  const bool typed = context.modifier == Modifier::type;
  LocalReference target;
  if (local_reference(context.schema, context.base_urls, text, target)) {
    if (typed && target.type != context.modifier_type)
      return bad_value(context, value, "is of another type than the modifier says");
    if (parts.size() == 2) {
      if (!is_absolute(text)) return bad_value(context, value, "has a version, which belongs to canonical URLs");
      out.push_back(exact_scan(canonical_term(text, unescape(parts[1]), form)));
      return {};
    }
    local_scans(context, target, form, out);
    // As it stands, where that is not among them.
    if (is_absolute(text) && (text.find("/_history/") != std::string::npos || !has_canonical(context.schema, target.type)))
      out.push_back(prefix_scan(url_term(text, form).append(1, '\0')));
    return {};
  }
  if (is_absolute(text)) {
    // R4: "the [type] modifier can't be used with a reference to a resource found on another server".
    if (typed) return bad_value(context, value, "is an absolute URL, which takes no type as modifier");
    if (parts.size() == 2) {
      out.push_back(exact_scan(canonical_term(text, unescape(parts[1]), form)));
    } else {
      out.push_back(exact_scan(url_term(without_history(text), form)));
      out.push_back(prefix_scan(url_term(text, form).append(1, '\0')));
    }
    return {};
  }
  if (!is_id(text) || parts.size() == 2) return bad_value(context, value, "is neither an id, nor Type/id, nor an absolute URL");
  if (typed) {
    local_scans(context, {context.modifier_type, text}, form, out);
  } else {
    id_scans(context, text, form, out);
  }
  return {};
}

std::string_view text_sort_key(std::string_view term) { return term.front() == tag_value ? term.substr(1) : std::string_view(); }

}  // namespace search
