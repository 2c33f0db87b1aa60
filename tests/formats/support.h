// What the tests of formats share.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/formats/json.h"

namespace tests {

std::string file_text(const std::filesystem::path& path);
// The files of a folder whose name ends so, sorted.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder, std::string_view suffix);

// White space outside strings removed: an oracle, byte by byte and independent of the reader.
std::string minified(std::string_view json);

// "expression|code|diagnostics" of each issue.
std::vector<std::string> issue_lines(const model::Issues& issues);

// Fails the test unless the tree's nodes are whole: ends nest, parents precede, indices count up, spans lie in the source.
// `ok`: nothing was left out, so that indices have no gaps.
void check_nodes(const model::Tree& tree, bool ok = true);

}  // namespace tests
