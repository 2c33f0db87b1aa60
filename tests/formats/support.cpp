#include "tests/formats/support.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>

namespace tests {

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder, std::string_view suffix) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().native().ends_with(suffix)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string minified(std::string_view json) {
  std::string out;
  bool in_string = false;
  if (json.starts_with("\xef\xbb\xbf")) json.remove_prefix(3);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!in_string && (c == ' ' || c == '\n' || c == '\r' || c == '\t')) continue;
    out += c;
    if (c == '"') in_string = !in_string;
    if (c == '\\' && i + 1 < json.size()) out += json[++i];
  }
  return out;
}

std::vector<std::string> issue_lines(const model::Issues& issues) {
  std::vector<std::string> lines;
  for (const auto& issue : issues) {
    lines.push_back(issue.expression + "|" + std::string(model::code_text(issue.code)) + "|" + issue.diagnostics);
  }
  return lines;
}

void check_nodes(const model::Tree& tree, bool ok) {
  if (tree.empty()) return;
  std::string wrong;
  std::vector<std::map<model::ElementId, std::uint32_t>> counts(tree.size());
  for (model::NodeIndex i = 0; i < tree.size() && wrong.empty(); ++i) {
    const model::Node& node = tree[i];
    const model::NodeRef ref(tree, i);
    if (i == 0) {
      if (node.parent != model::no_node || node.end != tree.size()) wrong = "root";
      if (ref.json() != tree.source()) wrong = "root's json";
    } else {
      if (node.parent >= i) wrong = "parent after child";
      if (node.end <= i || node.end > tree[node.parent].end) wrong = "end outside parent";
      std::uint32_t& next = counts[node.parent][node.element];
      if (ok ? node.index != next : node.index < next) wrong = "index";
      next = node.index + 1;
    }
    if (node.begin > node.stop || node.stop > tree.source().size()) wrong = "span";
    const bool none = (node.flags & model::node_no_value) != 0;
    if (none != (node.kind == model::ValueKind::none)) wrong = "no_value";
    if (none && node.begin != node.stop) wrong = "span of no value";
    if (node.kind == model::ValueKind::object && ref.json().front() != '{') wrong = "object's json";
    if (node.kind == model::ValueKind::string && !(node.flags & model::node_unescaped) &&
        ref.json() != '"' + std::string(ref.text()) + '"') {
      wrong = "string's json";
    }
    if ((node.kind == model::ValueKind::number || node.kind == model::ValueKind::boolean) && ref.json() != ref.text()) {
      wrong = "scalar's json";
    }
    if (!wrong.empty()) wrong += " at " + ref.path();
  }
  CHECK(wrong == "");
}

}  // namespace tests
