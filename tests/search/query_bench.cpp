// Times of pages at size, hidden: KILN_BENCH_DOCUMENTS=1000000 build/release/tests/test_search "[.bench]"
#include <time.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include <fmt/format.h>

#include "tests/search/query_world.h"

using query_test::World;

namespace {

double cpu_microseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

std::uint32_t state = 1;
std::uint32_t next(std::uint32_t bound) {
  state = state * 1664525 + 1013904223;
  return static_cast<std::uint32_t>((std::uint64_t{state} * bound) >> 32);
}

// Synthea's shape: encounters of twenty observations, patients of eight hundred.
std::string observation(std::size_t i) {
  const std::size_t encounter = i / 20, patient = i / 800;
  return fmt::format(
      R"({{"resourceType":"Observation","id":"o{0}","status":"{1}","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{2}"}}]}}],)"
      R"("code":{{"coding":[{{"system":"http://loinc.org","code":"{3}-{4}"}}]}},"subject":{{"reference":"Patient/p{5}"}},"encounter":{{"reference":"Encounter/e{6}"}},)"
      R"("effectiveDateTime":"{7}-{8:02}-{9:02}T{10:02}:{11:02}:{12:02}Z","valueQuantity":{{"value":{13}.{14},"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}}})",
      i, next(50) == 0 ? "amended" : "final", next(3) == 0 ? "laboratory" : "vital-signs", 1000 + next(200), next(10), patient,
      encounter, 1990 + (patient * 7 + encounter) % 33, 1 + encounter % 12, 1 + encounter % 28, next(24), next(60), next(60),
      next(300), next(10));
}

}  // namespace

TEST_CASE("pages at size", "[.bench]") {
  const char* given = std::getenv("KILN_BENCH_DOCUMENTS");
  const std::size_t documents = given != nullptr ? std::stoul(given) : 200'000;
  World world(World::Kind::disk);
  std::vector<std::string> batch;
  const double begin = cpu_microseconds();
  for (std::size_t i = 0; i < documents; ++i) {
    batch.push_back(observation(i));
    if (i % 800 == 0) {
      batch.push_back(fmt::format(
          R"({{"resourceType":"Patient","id":"p{0}","birthDate":"{1}-03-0{2}","gender":"male","name":[{{"family":"F{3}","given":["G{4}"]}}]}})",
          i / 800, 1930 + next(90), 1 + next(9), next(1000), next(1000)));
    }
    if (batch.size() >= 1000) {
      world.put_together(batch);
      batch.clear();
    }
  }
  if (!batch.empty()) world.put_together(batch);
  for (std::size_t i = 0; i < documents / 20; ++i) {  // one in twenty superseded
    batch.push_back(observation(next(static_cast<std::uint32_t>(documents))));
    if (batch.size() == 500) {
      std::sort(batch.begin(), batch.end());
      batch.erase(std::unique(batch.begin(), batch.end(),
                              [](const auto& a, const auto& b) { return a.substr(0, 50) == b.substr(0, 50); }),
                  batch.end());
      world.put_together(batch);
      batch.clear();
    }
  }
  std::cout << documents << " observations loaded in " << (cpu_microseconds() - begin) / 1e6 << " s of this thread\n";
  world.flush();
  const std::string patient = "Patient/p" + std::to_string(documents / 1600);
  const std::string day = "2005-06";
  const std::string queries[] = {
      "Observation?_id=o777",
      "Observation?encounter=Encounter/e" + std::to_string(documents / 50),
      "Observation?patient=" + patient,
      "Observation?patient=" + patient + "&code=1100-5",
      "Observation?patient=" + patient + "&category=laboratory",
      "Observation?patient=" + patient + "&_sort=-date",
      "Observation?patient=" + patient + "&category=laboratory&date=ge2000&_sort=-date",
      "Observation?patient=" + patient + "&_include=Observation:patient",
      "Observation?code=http://loinc.org|1100-5",
      "Observation?code=http://loinc.org|1100-5&_sort=-date",
      "Observation?code=http://loinc.org|1100-5&date=ge2010-01-01",
      "Observation?code=http://loinc.org|1100-5&value-quantity=gt250|http://unitsofmeasure.org|mg",
      "Observation?code-value-quantity=http://loinc.org|1100-5$gt290",
      "Observation?date=" + day,
      "Observation?date=ge2005-06-01&date=lt2005-08-01&code=http://loinc.org|1100-5",
      "Observation?status=final",
      "Observation?status=amended",
      "Observation?status:not=final",
      "Observation?category=laboratory&status=amended",
      "Observation?_sort=-date",
      "Observation?_sort=date&status=final",
      "Observation?_sort=_id",
      "Observation?status=final&_summary=count",
      "Observation?category=laboratory&status=amended&_total=accurate",
      "Observation?value-quantity=gt100&_total=accurate",
      "Observation?_lastUpdated=gt2023-11-14T22:20:00Z",
      "Observation",
      "?_id=o777",
      "?_tag=x",
      "?_sort=_id",
      "?_type=Patient,Observation",
      "?_type=Patient,Observation&_lastUpdated=gt2023-11-14T22:20:00Z&_total=accurate",
      patient + "/Observation",
      patient + "/Observation?code=1100-5",
      patient + "/*?_sort=-_lastUpdated",
      "Patient?name=f12",
      "Patient?name:contains=12&_sort=birthdate",
      "Patient?birthdate=1950&_revinclude=Observation:patient&_count=1",
  };
  for (const std::string& url : queries) {
    std::vector<double> parses, runs;
    std::size_t matches = 0;
    std::string total = "-";
    for (int round = 0; round < 15; ++round) {
      const double start = cpu_microseconds();
      const auto query = world.parse(url, true);
      REQUIRE(query.has_value());
      const double parsed = cpu_microseconds();
      const auto page = world.search().run(**query, {});
      runs.push_back(cpu_microseconds() - parsed);
      parses.push_back(parsed - start);
      REQUIRE(page.has_value());
      matches = page->matches.size();
      if (page->total) total = std::to_string(*page->total);
    }
    std::sort(runs.begin(), runs.end());
    std::sort(parses.begin(), parses.end());
    std::cout << fmt::format("{:8.1f} us parse {:6.1f}, first {:8.1f} | {:4} matches, total {:>7} | {}\n", runs[runs.size() / 2],
                             parses[parses.size() / 2], runs.back(), matches, total, url);
    if (std::getenv("KILN_EXPLAIN") != nullptr) std::cout << world.search().explain(**world.parse(url), {}).value() << "\n";
  }
}
