// kiln compact: the store and the index written anew, so that no byte of what was erased is left in any file of the data
// directory.

#include <cstdio>
#include <filesystem>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"
#include "search/segment_files.h"
#include "store/compact.h"

namespace commands {
namespace {

namespace fs = std::filesystem;

int run_compact(const std::string& data) {
  if (auto there = must_exist(data); !there) return report(there.error());
  // The index's manifest is left out, so that its files are swept and made again from the bodies that are left.
  const auto done = store::compact(data, model::r4(), {std::string(search::manifest_name)});
  if (!done) return report(done.error());
  std::printf("%llu versions, %llu of them erased; %llu bytes became %llu\n", static_cast<unsigned long long>(done->documents),
              static_cast<unsigned long long>(done->erased), static_cast<unsigned long long>(done->bytes_before),
              static_cast<unsigned long long>(done->bytes_after));
  std::fflush(stdout);
  // What an import could not take, with the reasons, and the names of its files: they may name what was erased since.
  for (const char* name : {"import-refused.ndjson", "import.journal"}) {
    std::error_code trouble;
    if (done->erased != 0 && fs::remove(fs::path(data) / name, trouble)) std::printf("%s removed\n", name);
  }
  auto node = Node::open(data, {});
  if (!node) return report(node.error());
  (*node)->search().flush();
  std::printf("the index is made anew\n");
  return 0;
}

}  // namespace

Run compact(Options options) {
  auto data = std::make_shared<std::string>("./data");
  options.add("--data", *data, "Data directory; no server may hold it").existing_directory();
  return [data] { return run_compact(*data); };
}

}  // namespace commands
