// The command line: kiln serve | import | export | check | backup ...: one file per command, one table.
#pragma once

namespace commands {

// Runs the program; returns its exit status: 0 done, 1 the command failed, 2 wrong usage.
int run(int argc, char** argv);

}  // namespace commands
