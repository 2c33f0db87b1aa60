// Limits that keep foreign expressions bounded. Far above what any published expression needs (HL7's longest is 4 kB, 70 deep).
#pragma once

#include <cstddef>
#include <cstdint>

namespace fhirpath {

inline constexpr std::size_t max_text = 1 << 18;        // bytes of an expression
inline constexpr std::uint32_t max_nesting = 200;       // parentheses, arguments and signs within each other
inline constexpr std::uint32_t max_depth = 400;         // of the syntax tree: also a.b.c... and a or b or c...
inline constexpr std::uint64_t max_ticks = 20'000'000;  // operations and items visited in one evaluation: about a second
inline constexpr std::size_t max_memory = 64u << 20;    // bytes that one evaluation may hold
inline constexpr std::size_t max_string = 4u << 20;     // bytes of one computed string
inline constexpr std::size_t max_compiled = 100'000;    // operations and steps of one plan
inline constexpr std::size_t max_pattern = 4096;     // bytes of a regular expression: RE2 takes 15 kB for each before it refuses
inline constexpr std::size_t max_programs = 50'000;  // instructions of all regular expressions of one plan

}  // namespace fhirpath
