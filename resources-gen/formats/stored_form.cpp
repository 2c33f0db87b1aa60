// The stored form: what of a resource is kept, and what is written into it when it is sent.

#include <algorithm>
#include <utility>
#include <vector>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_strings.h"
#include "resources-gen/formats/json_walk.h"
#include "resources-gen/model/temporal.h"

namespace formats {
namespace {

using model::Node;
using model::NodeRef;

struct Span {
  std::uint32_t begin, end;
};

bool is_servers(std::string name) {
  return name == "versionId" || name == "lastUpdated" || name == "_versionId" || name == "_lastUpdated";
}

// The members of the meta at `open` that are the client's own.
std::vector<Span> kept_members(std::string_view source, std::uint32_t open) {
  std::vector<Span> kept;
  for (std::uint32_t at = open + 1; source[at] != '}'; at += source[at] == ',') {
    const std::uint32_t begin = at;
    const std::uint32_t colon = skip_string(source, at);
    std::string name;
    append_unescaped(name, source.substr(begin + 1, colon - begin - 2));
    at = skip_value(source, colon + 1);
    if (!is_servers(std::move(name))) kept.push_back({begin, at});
  }
  return kept;
}

// What to cut so that of an object's inside [begin, end) only `kept` is left, with one comma between members.
std::vector<Span> gaps(std::uint32_t begin, std::uint32_t end, const std::vector<Span>& kept) {
  std::vector<Span> cuts;
  std::uint32_t from = begin;
  for (const Span& member : kept) {
    if (member.begin > from) cuts.push_back({from, member.begin});
    from = member.end + 1;  // the comma stays, unless this is the last
  }
  if (!kept.empty()) from = kept.back().end;
  if (end > from) cuts.push_back({from, end});
  return cuts;
}

}  // namespace

StoredForm stored_form(const model::Tree& tree, std::string_view id, std::vector<Edit> edits) {
  const std::string_view source = tree.source();
  const NodeRef root = tree.root();
  std::uint32_t hole = root.node().text + root.node().length + 1;  // behind resourceType, and the id that goes there
  std::string id_text;
  append_string(id_text, id);
  if (const NodeRef own = root.child("id"); own && own.has_value()) {
    hole = own.node().stop;
    edits.push_back({own.node().begin, own.node().stop, std::move(id_text)});
  } else {
    edits.push_back({hole, hole, ",\"id\":" + id_text});
  }
  StoredForm form{{}, 0, MetaHole::new_meta_last};  // a member follows nothing but id: the comma goes in front
  if (const NodeRef meta = root.child("meta")) {
    const Node& node = meta.node();
    hole = node.begin + 1;
    form.kind = MetaHole::in_meta;
    if (meta.child("versionId") || meta.child("lastUpdated")) {
      const std::vector<Span> kept = kept_members(source, node.begin);
      if (kept.empty()) form.kind = MetaHole::in_empty_meta;
      for (const Span& cut : gaps(node.begin + 1, node.stop - 1, kept)) {
        std::erase_if(edits, [&](const Edit& edit) { return edit.begin >= cut.begin && edit.end <= cut.end; });
        edits.push_back({cut.begin, cut.end, {}});
      }
    }
  }
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::int64_t shift = 0;
  for (const Edit& edit : edits) {
    // In a meta the hole is at its very start: an edit there is behind it. A new meta goes behind the id.
    const bool before = form.kind == MetaHole::new_meta_last ? edit.end <= hole : edit.begin < hole;
    if (before) shift += static_cast<std::int64_t>(edit.text.size()) - (static_cast<std::int64_t>(edit.end) - edit.begin);
  }
  form.hole = static_cast<std::uint32_t>(hole + shift);
  form.body = formats::apply(source, edits);
  return form;
}

std::string hole_text(MetaHole kind, std::uint64_t version, std::int64_t last_updated_ms) {
  std::string inner =
      "\"versionId\":\"" + std::to_string(version) + "\",\"lastUpdated\":\"" + model::instant_text(last_updated_ms) + "\"";
  switch (kind) {
    case MetaHole::in_meta:
      return inner + ",";
    case MetaHole::in_empty_meta:
      return inner;
    case MetaHole::new_meta:
      return "\"meta\":{" + inner + "},";
    case MetaHole::new_meta_last:
      return ",\"meta\":{" + inner + "}";
  }
  return inner;
}

}  // namespace formats
