// libFuzzer's entry for the one target that KILN_FUZZ_TARGET names.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::KILN_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
