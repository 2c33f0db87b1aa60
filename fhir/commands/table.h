// The commands, each in a file of its own: a function that declares its options on a CLI11 subcommand and says what runs.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace commands {

using Run = std::function<int()>;  // returns the exit status

Run serve(CLI::App& app);
Run import(CLI::App& app);
Run export_(CLI::App& app);
Run check(CLI::App& app);
Run backup(CLI::App& app);
Run erase(CLI::App& app);
Run compact(CLI::App& app);

}  // namespace commands
