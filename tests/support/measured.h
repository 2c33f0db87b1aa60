// Whether times and memory are the program's own. Under sanitizers they are not, and no verdict rests on them.
#pragma once

namespace tests {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool measured = false;
#else
constexpr bool measured = true;
#endif

}  // namespace tests
