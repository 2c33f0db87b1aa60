#include "resources-gen/model/result.h"

#include <stdexcept>

namespace model {

void throw_exception_from_error(const Failure& failure, const boost::source_location& place) {
  std::string what = "value() of a failed Result at ";
  what.append(place.file_name()).append(":").append(std::to_string(place.line()));
  for (const Issue& issue : failure.issues) what.append("; ").append(issue.diagnostics);
  throw std::logic_error(what);
}

}  // namespace model
