// The commands, each in a file of its own: a function that declares its options and says what runs.
#pragma once

#include <functional>

#include "fhir/commands/options.h"

namespace commands {

using Run = std::function<int()>;  // returns the exit status

Run serve(Options options);
Run import(Options options);
Run export_(Options options);
Run check(Options options);
Run backup(Options options);
Run erase(Options options);
Run compact(Options options);

}  // namespace commands
