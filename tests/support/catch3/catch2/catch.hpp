// Catch2 3 (Debian 13, Ubuntu 24.04) under the one header and the names of Catch2 2 (Debian 12), which our tests use.
#pragma once

#include <catch2/catch_all.hpp>

#include <cstdint>
#include <string>

namespace Catch {

using Matchers::EndsWith;
using Matchers::Equals;
using Matchers::StartsWith;
inline auto Contains(const std::string& text) { return Matchers::ContainsSubstring(text); }
inline std::uint32_t rngSeed() { return getSeed(); }

}  // namespace Catch
