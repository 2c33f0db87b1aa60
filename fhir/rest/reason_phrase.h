// The reason phrases of RFC 9110 15.
#pragma once

#include <string_view>

namespace rest {

// "OK" for 200 ...
std::string_view reason_phrase(int status);

}  // namespace rest
