#include "fhir/rest/target.h"

#include <algorithm>
#include <array>

#include "fhir/rest/utf8.h"
#include "search/compartment.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

model::Failure unknown_path(std::string_view path) {
  return failure(FailureKind::not_found, IssueCode::not_found, "There is nothing at '" + std::string(path.substr(0, 200)) + "'");
}

model::Failure unknown_type(std::string_view name, const model::Schema& schema) {
  std::string text =
      "'" + std::string(name.substr(0, 100)) + "' is not a resource type of FHIR R4 (" + std::string(schema.version) + ")";
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const auto& row : schema.types) {
    const auto known = schema.text(row.name);
    if (row.kind == model::TypeKind::resource && !row.abstract && known.size() == name.size() &&
        std::equal(known.begin(), known.end(), name.begin(), same)) {
      text += "; did you mean " + std::string(known) + "?";
    }
  }
  return failure(FailureKind::not_found, IssueCode::not_supported, std::move(text));
}

// [type]/[id]/[member], [type]/[id]/*, [type]/[id]/_search, and the first two with /_search. R4 http.html#vsearch.
bool is_compartment(const std::vector<std::string>& parts, const model::Schema& schema) {
  const bool form = parts.back() == "_search";
  if (parts.size() == 3 && form) return true;
  if (parts.size() != (form ? 4u : 3u)) return false;
  return parts[2] == "*" || schema.resource_type(parts[2]) != model::no_type;
}

model::Result<Target> match_compartment(Target target, const std::vector<std::string>& parts, const model::Schema& schema) {
  const auto* compartment = search::compartment_of(schema, target.type);
  if (compartment == nullptr) {
    return failure(FailureKind::not_found, IssueCode::not_supported,
                   parts[0] + " has no compartment to search; " + search::compartment_names(schema) + " have one");
  }
  if (!is_id(target.id))
    return failure(FailureKind::not_found, IssueCode::not_found, "'" + target.id.substr(0, 100) + "' is no id");
  target.shape = parts.back() == "_search" ? Shape::compartment_search : Shape::compartment;
  if (parts[2] == "*" || parts[2] == "_search") return target;
  target.member = schema.resource_type(parts[2]);
  const auto types = search::compartment_types(schema, *compartment);
  if (std::binary_search(types.begin(), types.end(), target.member)) return target;
  return failure(FailureKind::not_found, IssueCode::not_supported,
                 "No " + parts[2] + " is ever in the compartment of a " + parts[0] + ", as R4 defines it; search " + parts[2] +
                     " by its own parameters");
}

model::Result<Target> match_shape(const std::vector<std::string>& parts, std::string_view path, const model::Schema& schema) {
  Target target;
  if (parts.empty()) return target;
  if (parts.back().starts_with('$') || (parts.size() > 1 && parts[parts.size() - 2].starts_with('$'))) {
    return failure(FailureKind::not_found, IssueCode::not_supported,
                   "The operation at '" + std::string(path.substr(0, 200)) + "' is not supported");
  }
  if (parts.size() == 1) {
    static constexpr std::array<std::pair<std::string_view, Shape>, 4> system{{{"metadata", Shape::metadata},
                                                                               {"_history", Shape::system_history},
                                                                               {"_search", Shape::system_search},
                                                                               {"_changes", Shape::changes}}};
    for (const auto& [name, shape] : system) {
      if (parts[0] == name) {
        target.shape = shape;
        return target;
      }
    }
  }
  if (parts.size() == 2 && parts[0] == "_async") {
    target.shape = Shape::async_job;
    target.id = parts[1];
    return target;
  }
  target.type = schema.resource_type(parts[0]);
  if (target.type == model::no_type) return unknown_type(parts[0], schema);
  target.shape = Shape::type;
  if (parts.size() == 1) return target;
  if (parts.size() == 2 && parts[1] == "_search") {
    target.shape = Shape::type_search;
    return target;
  }
  if (parts.size() == 2 && parts[1] == "_history") {
    target.shape = Shape::type_history;
    return target;
  }
  target.id = parts[1];
  target.shape = Shape::instance;
  if (parts.size() == 2) return target;
  if (parts[2] == "_history" && parts.size() <= 4) {
    target.shape = Shape::instance_history;
    if (parts.size() == 4) {
      target.shape = Shape::version;
      target.version = parts[3];
    }
    return target;
  }
  if (is_compartment(parts, schema)) return match_compartment(std::move(target), parts, schema);
  return unknown_path(path);
}

}  // namespace

model::Result<std::string> percent_decode(std::string_view text, bool form, std::string_view where) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return failure(FailureKind::bad_request, IssueCode::invalid,
                       "A '%' in " + std::string(where) + " is not followed by two hexadecimal digits");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && form) {
      c = ' ';
    }
    if (c == '\0') return failure(FailureKind::bad_request, IssueCode::invalid, "There is a NUL in " + std::string(where));
    out.push_back(c);
  }
  if (!is_utf8(out)) return failure(FailureKind::bad_request, IssueCode::invalid, std::string(where) + " is not UTF-8");
  return out;
}

void append_query_value(std::string& out, std::string_view text) {
  static constexpr std::string_view plain = "-._~!$'()*,;:@/?";
  static constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
}

model::Result<std::vector<search::Argument>> parse_query(std::string_view query, std::string_view where) {
  std::vector<search::Argument> arguments;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    auto name = percent_decode(part.substr(0, equals), true, where);
    if (!name) return name.error();
    auto value = percent_decode(part.substr(std::min(equals + 1, part.size())), true, where);
    if (!value) return value.error();
    if (arguments.size() == search::max_arguments) {
      return failure(FailureKind::bad_request, IssueCode::too_costly,
                     std::string(where) + " has more than " + std::to_string(search::max_arguments) + " arguments");
    }
    arguments.push_back({std::move(*name), std::move(*value)});
  }
  return arguments;
}

std::vector<search::Argument> arguments_of(std::string_view target) {
  std::vector<search::Argument> out;
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  if (question == std::string_view::npos) return out;
  for (auto query = target.substr(question + 1); !query.empty() && out.size() < search::max_arguments;) {
    const auto end = std::min(query.find('&'), query.size());
    if (auto read = parse_query(query.substr(0, end), "the query")) out.insert(out.end(), read->begin(), read->end());
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

model::Result<Target> parse_relative(std::string_view text, const model::Schema& schema) {
  const auto question = text.find('?');
  if (text.find('#') != std::string_view::npos) {  // RFC 9112 3.2; cut off, the address would be another
    return failure(FailureKind::bad_request, IssueCode::invalid,
                   "The address has a '#', and a request has no fragment: in a value it is written %23");
  }
  const auto whole = text.substr(0, question);
  auto path = whole;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string> parts;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    auto part = percent_decode(path.substr(0, end), false, "the path");
    if (!part) return part.error();
    if (part->empty() || parts.size() == 5) return unknown_path(whole);
    parts.push_back(std::move(*part));
    if (end + 1 == path.size()) return unknown_path(whole);  // two slashes at the end
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  auto target = match_shape(parts, whole, schema);
  if (!target) return target;
  target->slash_behind = whole.ends_with('/');
  if (question != std::string_view::npos) {
    auto arguments = parse_query(text.substr(question + 1), "the query");
    if (!arguments) return arguments.error();
    target->arguments = std::move(*arguments);
  }
  return target;
}

model::Result<Target> parse_target(std::string_view target, std::string_view base_path, const model::Schema& schema) {
  const auto rest = target.substr(std::min(base_path.size(), target.size()));
  if (!target.starts_with(base_path) || !(rest.empty() || rest[0] == '/' || rest[0] == '?')) {
    return failure(FailureKind::not_found, IssueCode::not_found,
                   "There is nothing at '" + std::string(target.substr(0, std::min<std::size_t>(target.find('?'), 200))) +
                       "': the FHIR service is at '" + std::string(base_path) + "'");
  }
  return parse_relative(rest, schema);
}

}  // namespace rest
