// Costs in ns, measured on segments of a million documents (README.md, "Planning"): only their ratios matter.
#pragma once

namespace search {

inline constexpr double check_cost = 80;      // one condition of one document, by column
inline constexpr double candidate_cost = 8;   // to take a posting and ask whether it is alive
inline constexpr double posting_cost = 1.5;   // to unite one
inline constexpr double term_cost = 4;        // to pass over one
inline constexpr double predicate_cost = 40;  // to pass over one and ask
inline constexpr double word_cost = 0.3;
inline constexpr double unite_start = 400;  // to set a bitmap up and read it

}  // namespace search
