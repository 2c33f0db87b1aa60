#include "tests/bench/support/report.h"

#include <algorithm>
#include <cstdio>

namespace bench {

double since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void heading(const std::string& text, const std::string& columns) {
  std::printf("\n### %s\n\n%s\n", text.c_str(), columns.c_str());
  const auto bars = std::count(columns.begin(), columns.end(), '|');
  std::printf("|");
  for (long i = 1; i < bars; ++i) std::printf("---|");
  std::printf("\n");
}

LoadFigures row(const std::string& name, const Process& server, LoadPlan plan) {
  if (plan.requests == 0 && plan.seconds == 0) plan.seconds = row_seconds;
  const double before = server.cpu_seconds();
  const auto figures = run_load(plan);
  const double cpu = server.cpu_seconds() - before;
  std::printf("| %s | %u | %.0f | %.2f | %.2f | %.4f | %llu |\n", name.c_str(), plan.clients, figures.per_second(),
              figures.percentile(0.5), figures.percentile(0.99),
              figures.requests != 0 ? cpu * 1000 / static_cast<double>(figures.requests) : 0,
              static_cast<unsigned long long>(figures.errors));
  std::fflush(stdout);
  return figures;
}

}  // namespace bench
