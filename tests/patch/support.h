// What the tests of patches share.
#pragma once

#include <string>
#include <string_view>

#include "resources-gen/model/tree.h"
#include "resources-gen/patch/patch.h"

namespace tests {

// A tree that holds that text and nothing else: JSON Patch asks for no more, and its rules are not about resources.
model::Tree bare_tree(std::string_view json);
// The tree of a resource; fails the test if it has faults.
model::Tree resource_tree(std::string_view json);

// The patched text, or "! " and the first reason.
std::string patched(const model::Result<patch::PatchPtr>& patch, const model::Tree& tree);
std::string json_patched(std::string_view document, std::string_view patch);
std::string fhirpath_patched(std::string_view resource, std::string_view parameters);

}  // namespace tests
