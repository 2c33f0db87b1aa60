#include "tests/patch/support.h"

#include <catch2/catch.hpp>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/tree_builder.h"

namespace tests {
namespace {

std::string why(const model::Failure& failure) {
  REQUIRE(!failure.issues.empty());
  return "! " + failure.issues.list().front().diagnostics;
}

}  // namespace

model::Tree bare_tree(std::string_view json) {
  model::TreeBuilder builder(model::r4());
  builder.source() = json;
  return builder.take();
}

model::Tree resource_tree(std::string_view json) {
  auto read = formats::read_json(json, model::r4());
  INFO(json.substr(0, 2000));
  for (const auto& issue : read.issues) FAIL_CHECK(issue.diagnostics << " " << issue.expression);
  REQUIRE(!read.tree.empty());
  return std::move(read.tree);
}

std::string patched(const model::Result<patch::PatchPtr>& patch, const model::Tree& tree) {
  if (!patch) return why(patch.error());
  const auto result = (*patch)->apply(tree);
  return result ? *result : why(result.error());
}

std::string json_patched(std::string_view document, std::string_view patch) {
  return patched(patch::parse_json_patch(patch), bare_tree(document));
}

std::string fhirpath_patched(std::string_view resource, std::string_view parameters) {
  const auto read = formats::read_json(parameters, model::r4());
  INFO(parameters.substr(0, 2000));
  for (const auto& issue : read.issues) FAIL_CHECK(issue.diagnostics << " " << issue.expression);
  REQUIRE(!read.tree.empty());
  return patched(patch::parse_fhirpath_patch(read.tree), resource_tree(resource));
}

}  // namespace tests
