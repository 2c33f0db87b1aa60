// The Markdown tables that the bench prints.
#pragma once

#include <chrono>
#include <string>

#include "tests/bench/support/load.h"

namespace bench {

double since(std::chrono::steady_clock::time_point start);  // seconds

// `columns`: "| a | b |", the head of the table.
void heading(const std::string& text, const std::string& columns);

inline constexpr const char* load_columns =
    "| workload | clients | requests/s | p50 ms | p99 ms | server CPU s per 1,000 | errors |";
inline double row_seconds = 5;  // of a plan that has no end of its own

// Runs a load against a server and prints its row.
LoadFigures row(const std::string& name, const Process& server, LoadPlan plan);

}  // namespace bench
