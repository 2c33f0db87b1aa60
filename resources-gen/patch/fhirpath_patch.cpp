// FHIRPath Patch, R4 fhirpatch.html.

#include <chrono>

#include "resources-gen/formats/json.h"
#include "resources-gen/patch/fhirpath_editor.h"
#include "resources-gen/patch/patch.h"

namespace patch {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::uint32_t most_nesting = 1000;
constexpr std::uint64_t most_read = 256u << 20;      // bytes of the resource read again between operations, in all
constexpr auto most_time = std::chrono::seconds(2);  // of CPU

class FhirPathPatch final : public Patch {
 public:
  explicit FhirPathPatch(const model::Tree& parameters) : parameters_(parameters) {
    operations_ = read_operations(parameters_, issues);
    tape_.read(parameters_.source(), most_nesting);
  }

  model::Issues issues;

  model::Result<std::string> apply(const model::Tree& resource) const override {
    const auto end = model::ThreadClock::now() + most_time;
    Budget budget;
    JsonValue values(tape_, 0);
    std::string text(resource.source());
    std::uint64_t bytes_read = 0;
    formats::ReadResult read;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const auto& operation = operations_[i];
      const auto refuse = [&](IssueCode code, const std::string& reason) {
        return failure(
            FailureKind::unprocessable, code,
            "FHIRPath Patch, " + std::string(operation.type) + " at '" + operation.path_text.substr(0, 200) + "': " + reason,
            operation.where);
      };
      bytes_read += text.size();
      if (bytes_read > most_read || model::ThreadClock::now() > end)
        return refuse(IssueCode::too_costly, "the patch asks for too much work");
      if (i > 0) {  // each operation sees what those before it made
        read = formats::read_json(text, resource.schema());
        if (read.tree.empty()) return refuse(IssueCode::structure, "what the operations before made of it is no resource");
      }
      const auto& tree = i > 0 ? read.tree : resource;
      formats::JsonTape tape;
      if (const auto fault = tape.read(tree.source(), most_nesting); !fault.message.empty())
        return refuse(IssueCode::structure, fault.message);
      JsonValue root(tape, 0);
      FhirPathEditor editor(tree, root, values, budget, end);
      const auto fault = editor.run(operation);
      if (editor.too_costly()) return refuse(IssueCode::too_costly, "the patch asks for too much work: " + fault);
      if (!fault.empty()) return refuse(IssueCode::processing, fault);
      if (budget.steps == 0) return refuse(IssueCode::too_costly, "the patch asks for too much work");
      text.clear();
      root.write(text);
    }
    return text;
  }

 private:
  const model::Tree parameters_;
  formats::JsonTape tape_;
  std::vector<FhirPathOperation> operations_;
};

}  // namespace

model::Result<PatchPtr> parse_fhirpath_patch(const model::Tree& parameters) {
  auto patch = std::make_shared<FhirPathPatch>(parameters);
  if (patch->issues.has_errors()) return model::Failure{FailureKind::bad_request, std::move(patch->issues)};
  return PatchPtr(std::move(patch));
}

}  // namespace patch
