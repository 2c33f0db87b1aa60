// XML Patch on a resource: from JSON to XML and back. R4 http.html#patch.

#include <map>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/xml.h"
#include "resources-gen/patch/patch.h"
#include "resources-gen/patch/xml_patch.h"

namespace patch {
namespace {

using model::FailureKind;
using model::NodeRef;

template <typename Fn>
void each_narrative(const model::Tree& tree, Fn fn) {
  for (model::NodeIndex i = 0; i < tree.size(); ++i) {
    const NodeRef node(tree, i);
    if (node.primitive() == model::Primitive::xhtml && node.has_value()) fn(node);
  }
}

class ResourcePatch final : public Patch {
 public:
  explicit ResourcePatch(std::shared_ptr<const XmlPatch> patch) : patch_(std::move(patch)) {}

  model::Result<std::string> apply(const model::Tree& resource) const override {
    const auto xml = formats::write_xml(resource);
    const auto patched = patch_->apply(xml);
    if (!patched) return patched.error();
    const auto read = formats::read_xml(*patched, resource.schema());
    if (!read.ok() || read.tree.empty()) return model::Failure{FailureKind::unprocessable, read.issues};
    return with_narrative(resource, xml, read.tree);
  }

 private:
  // XML may be spelt in many ways. A narrative that the patch left alone is put back as it was.
  std::string with_narrative(const model::Tree& before, const std::string& xml, const model::Tree& after) const {
    std::map<std::string, std::string> kept;  // by path, the JSON
    each_narrative(before, [&](NodeRef node) { kept.emplace(node.path(), node.json()); });
    if (kept.empty()) return std::string(after.source());
    const auto unchanged = patch_->apply(xml, false);
    if (!unchanged) return std::string(after.source());
    const auto read = formats::read_xml(*unchanged, before.schema());
    std::map<std::string, std::string> originals;  // by how they come through unchanged
    each_narrative(read.tree, [&](NodeRef node) {
      if (const auto found = kept.find(node.path()); found != kept.end()) originals.emplace(node.text(), found->second);
    });
    std::vector<formats::Edit> edits;
    each_narrative(after, [&](NodeRef node) {
      const auto found = originals.find(std::string(node.text()));
      if (found != originals.end()) edits.push_back({node.node().begin, node.node().stop, found->second});
    });
    return formats::apply(after.source(), edits);
  }

  const std::shared_ptr<const XmlPatch> patch_;
};

}  // namespace

model::Result<PatchPtr> parse_xml_patch(std::string_view text) {
  auto patch = XmlPatch::read(text);
  if (!patch) return patch.error();
  return PatchPtr(std::make_shared<ResourcePatch>(std::move(*patch)));
}

}  // namespace patch
