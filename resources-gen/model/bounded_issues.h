// The issues of one answer, up to a number that is worth telling.
#pragma once

#include "resources-gen/model/issues.h"

namespace model {

inline constexpr std::size_t most_issues = 200;

// Appends the issue while there are fewer than most_issues. The first beyond becomes the remark, of the same severity, that there
// are further ones; the others are dropped. False: it was not appended.
bool add_bounded(Issues& issues, Issue issue);

}  // namespace model
