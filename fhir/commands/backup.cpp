// kiln backup: a consistent copy of a data directory, also while a server holds it.
//
// The store is copied by LMDB at one commit. The index's segments are derived data: those the copy's manifest names are copied
// when they are still there, and what is missing is made again from the bodies when the copy is first opened.

#include <cstdio>
#include <filesystem>

#include "fhir/commands/node.h"
#include "fhir/commands/table.h"

namespace commands {
namespace {

namespace fs = std::filesystem;

int copy(const std::string& from, const std::string& to) {
  std::error_code trouble;
  if (const auto there = must_exist(from); !there) return report(there.error());
  if (fs::exists(to + "/data.mdb", trouble)) {
    std::fprintf(stderr, "kiln: there is a store in '%s' already\n", to.c_str());
    return 1;
  }
  store::LmdbOptions lmdb;
  lmdb.directory = from;
  lmdb.read_only = true;
  auto engine = store::open_lmdb(lmdb);
  if (!engine) return report(engine.error());
  fs::create_directories(to + "/segments", trouble);
  if (trouble) {
    std::fprintf(stderr, "kiln: '%s' cannot be made: %s\n", to.c_str(), trouble.message().c_str());
    return 1;
  }
  // Segments first: a file that a later manifest no longer names is an orphan and swept; one that it names and that came later is
  // made again.
  if (fs::is_directory(from + "/segments")) {
    for (const auto& entry : fs::directory_iterator(from + "/segments", trouble)) {
      std::error_code gone;  // merged away meanwhile
      fs::copy_file(entry.path(), fs::path(to) / "segments" / entry.path().filename(), fs::copy_options::overwrite_existing,
                    gone);
    }
  }
  if (auto copied = (*engine)->backup(to); !copied) return report(copied.error());
  std::printf("copied %s to %s\n", from.c_str(), to.c_str());
  return 0;
}

}  // namespace

Run backup(Options options) {
  auto data = std::make_shared<std::string>("./data");
  auto out = std::make_shared<std::string>();
  options.add("--data", *data, "Data directory; a server may hold it").existing_directory();
  options.add("--out", *out, "Where to put the copy: a new directory").required();
  return [data, out] { return copy(*data, *out); };
}

}  // namespace commands
