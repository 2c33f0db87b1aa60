// kiln erase: resources, or all but their newest versions, taken away for good. `kiln compact` then takes them out of the files.

#include <cstdio>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"
#include "fhir/rest/target.h"

namespace commands {
namespace {

struct EraseOptions {
  std::string data = "./data";
  std::vector<std::string> resources;
  bool history_only = false;
};

model::Result<std::vector<store::Erasure>> read(const EraseOptions& options) {
  std::vector<store::Erasure> erasures;
  model::Failure failure{model::FailureKind::bad_request, {}};
  for (const auto& name : options.resources) {
    const auto slash = std::min(name.find('/'), name.size());
    store::Erasure erasure;
    erasure.type = model::r4().resource_type(name.substr(0, slash));
    erasure.id = name.substr(std::min(slash + 1, name.size()));
    erasure.extent = options.history_only ? store::Erasure::Extent::history : store::Erasure::Extent::all;
    if (erasure.type == model::no_type || !rest::is_id(erasure.id)) {
      failure.issues.error(model::IssueCode::value, "'" + name + "' names no resource; that is Type/id, as in Patient/1");
    }
    erasures.push_back(std::move(erasure));
  }
  if (!failure.issues.empty()) return failure;
  return erasures;
}

int run_erase(const EraseOptions& options) {
  const auto erasures = read(options);
  if (!erasures) {
    report(erasures.error());
    return 2;
  }
  auto node = Node::open_existing(options.data);
  if (!node) return report(node.error());
  int status = 0;
  bool any = false;
  for (std::size_t i = 0; i < erasures->size(); ++i) {
    const auto done = (*node)->store().erase((*erasures)[i]);
    if (done) {
      any = true;
      std::printf("erased %llu versions of %s\n", static_cast<unsigned long long>(*done), options.resources[i].c_str());
    } else {
      std::fprintf(stderr, "kiln: %s: %s\n", options.resources[i].c_str(),
                   done.error().issues.list().front().diagnostics.c_str());
      status = 1;
    }
  }
  if (any) std::printf("no read gives them any more; kiln compact --data %s takes them out of the files\n", options.data.c_str());
  return status;
}

}  // namespace

Run erase(Options options) {
  auto given = std::make_shared<EraseOptions>();
  options.add("--data", given->data, "Data directory; no server may hold it").existing_directory();
  options.flag("--history-only", given->history_only, "Keep the newest version of each");
  options.add("resources", given->resources, "Resources, as Type/id").required();
  return [given] { return run_erase(*given); };
}

}  // namespace commands
