#include <algorithm>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/temporal.h"

namespace formats {
namespace {

using model::NodeRef;

// A member of an object in the source, by offsets.
struct Member {
  std::uint32_t begin = 0, end = 0;    // the member itself: name to value
  std::uint32_t value = 0;             // where its value starts
};

// The offset after the JSON value that starts at `at`. Source is well-formed and minified.
std::uint32_t skip_value(std::string_view source, std::uint32_t at) {
  const char first = source[at];
  const auto skip_string = [&](std::uint32_t i) {
    for (++i; source[i] != '"'; ++i) {
      if (source[i] == '\\') ++i;
    }
    return i + 1;
  };
  if (first == '"') return skip_string(at);
  if (first == '{' || first == '[') {
    std::uint32_t depth = 0;
    for (std::uint32_t i = at;;) {
      const char c = source[i];
      if (c == '"') {
        i = skip_string(i);
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      ++i;
      if ((c == '}' || c == ']') && --depth == 0) return i;
    }
  }
  while (at < source.size() && source[at] != ',' && source[at] != '}' && source[at] != ']') ++at;
  return at;
}

std::vector<std::pair<std::string_view, Member>> members(std::string_view source, std::uint32_t open) {
  std::vector<std::pair<std::string_view, Member>> out;
  std::uint32_t at = open + 1;
  while (source[at] != '}') {
    Member member;
    member.begin = at;
    const auto name_end = skip_value(source, at);
    const auto name = source.substr(at + 1, name_end - at - 2);
    member.value = name_end + 1;
    member.end = skip_value(source, member.value);
    out.emplace_back(name, member);
    at = member.end;
    if (source[at] == ',') ++at;
  }
  return out;
}

}  // namespace

std::string apply(std::string_view source, const std::vector<Edit>& edits) {
  std::size_t size = source.size();
  for (const auto& edit : edits) size += edit.text.size();
  std::string out;
  out.reserve(size);
  std::uint32_t at = 0;
  for (const auto& edit : edits) {
    out.append(source.substr(at, edit.begin - at));
    out += edit.text;
    at = edit.end;
  }
  out.append(source.substr(at));
  return out;
}

StoredForm stored_form(const model::Tree& tree, std::string_view id, std::vector<Edit> edits) {
  const auto source = tree.source();
  const auto all = members(source, 0);
  const Member *id_member = nullptr, *meta_member = nullptr, *type_member = nullptr;
  for (const auto& [name, member] : all) {
    if (name == "id") id_member = &member;
    if (name == "meta") meta_member = &member;
    if (name == "resourceType") type_member = &member;
  }
  const auto id_text = "\"" + std::string(id) + "\"";
  if (id_member != nullptr) {
    edits.push_back({id_member->value, id_member->end, id_text});
  } else {
    edits.push_back({type_member->end, type_member->end, ",\"id\":" + id_text});
  }
  // Where the hole is, as a place in the source; its offset in the body follows from the edits before it.
  StoredForm form{{}, 0, MetaHole::in_meta};
  std::uint32_t hole = 0;
  if (meta_member != nullptr) {
    hole = meta_member->value + 1;
    const auto inner = members(source, meta_member->value);
    std::vector<const Member*> kept;
    for (const auto& [name, member] : inner) {
      const auto plain = name.starts_with('_') ? name.substr(1) : name;
      if (plain != "versionId" && plain != "lastUpdated") kept.push_back(&member);
    }
    if (kept.size() != inner.size()) {
      std::string text;
      std::vector<Edit> inside;
      // The kept members, joined anew; edits that fall into them are applied on the way.
      for (const auto* member : kept) {
        if (!text.empty()) text += ',';
        std::vector<Edit> local;
        for (const auto& edit : edits) {
          if (edit.begin >= member->begin && edit.end <= member->end) {
            local.push_back({edit.begin - member->begin, edit.end - member->begin, edit.text});
          }
        }
        std::sort(local.begin(), local.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
        text += formats::apply(source.substr(member->begin, member->end - member->begin), local);
      }
      const auto begin = meta_member->value + 1, end = meta_member->end - 1;
      std::erase_if(edits, [&](const Edit& edit) { return edit.begin >= begin && edit.end <= end; });
      edits.push_back({begin, end, text});
    }
    form.kind = kept.empty() ? MetaHole::in_empty_meta : MetaHole::in_meta;
  } else {
    // After id, which stands after resourceType where the client gave none.
    const auto* anchor = id_member != nullptr ? id_member : type_member;
    hole = anchor->end;
    form.kind = MetaHole::new_meta_last;
  }
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::int64_t shift = 0;
  for (const auto& edit : edits) {
    // An edit that starts at the hole of a meta stands behind it; the inserted id and the value replaced stand before a new meta.
    const bool before = meta_member != nullptr ? edit.begin < hole : edit.end <= hole;
    if (before) shift += static_cast<std::int64_t>(edit.text.size()) - (static_cast<std::int64_t>(edit.end) - edit.begin);
  }
  form.body = formats::apply(source, edits);
  form.hole = static_cast<std::uint32_t>(hole + shift);
  return form;
}

std::string hole_text(MetaHole kind, std::uint64_t version, std::int64_t last_updated_ms) {
  std::string inner = "\"versionId\":\"" + std::to_string(version) + "\",\"lastUpdated\":\"" + model::instant_text(last_updated_ms) + "\"";
  switch (kind) {
    case MetaHole::in_meta: return inner + ",";
    case MetaHole::in_empty_meta: return inner;
    case MetaHole::new_meta: return "\"meta\":{" + inner + "},";
    case MetaHole::new_meta_last: return ",\"meta\":{" + inner + "}";
  }
  return inner;
}

void append_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(from, i - from));
    from = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 15];
    }
  }
  out.append(text.substr(from));
  out += '"';
}

std::string pretty(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  std::size_t depth = 0;
  const auto line = [&] {
    out += '\n';
    out.append(depth * 2, ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    switch (c) {
      case '"': {
        const auto from = i;
        for (++i; i < json.size() && json[i] != '"'; ++i) {
          if (json[i] == '\\') ++i;
        }
        out.append(json.substr(from, i + 1 - from));
        break;
      }
      case '{':
      case '[':
        out += c;
        if (i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
          out += json[++i];
        } else {
          ++depth;
          line();
        }
        break;
      case '}':
      case ']':
        --depth;
        line();
        out += c;
        break;
      case ',':
        out += c;
        line();
        break;
      case ':': out += ": "; break;
      default: out += c;
    }
  }
  return out;
}

std::string operation_outcome(const model::Issues& issues) {
  std::string out = "{\"resourceType\":\"OperationOutcome\",\"issue\":[";
  const auto write = [&](const model::Issue& issue) {
    if (out.back() != '[') out += ',';
    out += "{\"severity\":\"";
    out += model::severity_text(issue.severity);
    out += "\",\"code\":\"";
    out += model::code_text(issue.code);
    out += '"';
    auto diagnostics = issue.diagnostics;
    if (issue.line != 0) diagnostics += " (line " + std::to_string(issue.line) + ", column " + std::to_string(issue.column) + ")";
    if (!diagnostics.empty()) {
      out += ",\"diagnostics\":";
      append_string(out, diagnostics);
    }
    if (!issue.expression.empty()) {
      out += ",\"expression\":[";
      append_string(out, issue.expression);
      out += ']';
    }
    out += '}';
  };
  for (const auto& issue : issues) write(issue);
  if (issues.empty()) write({model::Severity::information, model::IssueCode::informational, "All OK", {}, 0, 0});
  return out + "]}";
}

}  // namespace formats
