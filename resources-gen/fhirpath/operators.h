// The binary operators: one row each (N1 section 6). Internal to fhirpath/.
#pragma once

#include "resources-gen/fhirpath/run.h"

namespace fhirpath {

struct OperatorRow {
  Operation operation;
  std::string_view text;
  bool (*evaluate)(Run& run, const Op& op, const Scope& scope, Values& out);
};

const OperatorRow& operator_row(Operation operation);

}  // namespace fhirpath
