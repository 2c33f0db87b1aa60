#include "fhir/commands/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "fhir/commands/table.h"

namespace commands {
namespace {

struct Row {
  const char* name;
  const char* description;
  Run (*declare)(Options);
};
constexpr Row rows[] = {
    {"serve", "Serve the FHIR R4 RESTful API on a data directory", serve},
    {"import", "Load Bundles, resources and NDJSON, into a data directory or a server", import},
    {"export", "Write a data directory's resources as NDJSON, a file per type", export_},
    {"check", "Verify a data directory end to end", check},
    {"backup", "Copy a data directory, also while it is served", backup},
    {"erase", "Take resources, or their histories, away for good", erase},
    {"compact", "Write a data directory anew, so that nothing erased is left in its files", compact},
};

}  // namespace

int run(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of that write (setrlimit(2)), not our end
  CLI::App app{"Kiln: an HL7 FHIR R4 interoperability server"};
  app.set_version_flag("--version", KILN_VERSION);
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, Run>> declared;
  for (const auto& row : rows) {
    auto* command = app.add_subcommand(row.name, row.description);
    declared.emplace_back(command, row.declare(Options(*command)));
  }
  const bool named = argc > 1 && (argv[1][0] == '-' || std::any_of(std::begin(rows), std::end(rows), [&](const Row& row) {
                                    return std::string_view(row.name) == argv[1];
                                  }));
  if (!named) {
    if (argc > 1) std::fprintf(stderr, "kiln: there is no command '%s'\n", argv[1]);
    std::fprintf(stderr, "%s", app.help().c_str());
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& trouble) {
    return app.exit(trouble) == 0 ? 0 : 2;
  }
  try {
    for (auto& [command, work] : declared) {
      if (command->parsed()) return work();
    }
  } catch (const std::exception& trouble) {
    std::fprintf(stderr, "kiln: %s\n", trouble.what());
    return 1;
  }
  return 2;
}

}  // namespace commands
