// kiln check: every document decodes, large contents match their checksums, every chain holds, ids point at newest versions,
// segments match their checksums.

#include <cstdio>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"

namespace commands {

Run check(Options options) {
  auto data = std::make_shared<std::string>("./data");
  options.add("--data", *data, "Data directory; no server may hold it").existing_directory();
  return [data] {
    auto node = Node::open_existing(*data);
    if (!node) return report(node.error());
    const auto found = (*node)->store().check();
    auto faults = found.faults;
    for (auto& fault : (*node)->search().check()) faults.push_back("index: " + fault);
    std::printf("%llu versions of %llu resources, %llu of them deleted\n", static_cast<unsigned long long>(found.documents),
                static_cast<unsigned long long>(found.resources), static_cast<unsigned long long>(found.deleted));
    if (found.blobs > 0) {
      std::printf("%llu large contents of %llu bytes\n", static_cast<unsigned long long>(found.blobs),
                  static_cast<unsigned long long>(found.blob_bytes));
    }
    for (const auto& fault : faults) std::printf("fault: %s\n", fault.c_str());
    std::printf(faults.empty() ? "sound\n" : "%zu faults\n", faults.size());
    return faults.empty() ? 0 : 1;
  };
}

}  // namespace commands
