// What an import reads from the answer to a chunk.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace commands {

// Indices of the entries that an OperationOutcome's expressions name, each with the reasons given; `all_reasons` gets all that it
// says, or the answer's beginning if it is no resource.
std::map<std::size_t, std::string> faulty_entries(const std::string& outcome, std::string& all_reasons);

}  // namespace commands
