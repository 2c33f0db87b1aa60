// The README's tour: its commands as they stand there, against a new server.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/commands/support.h"

TEST_CASE("the README's tour works as it is written") {
  if (std::system("curl --version >/dev/null 2>&1") != 0) {
    WARN("SKIPPED: no curl: the README's tour is not run");
    return;
  }
  const auto readme = commands_test::read_file(KILN_SOURCE_DIR "/README.md");
  const auto begin = readme.find("```sh\n", readme.find("## A tour"));
  REQUIRE(begin != std::string::npos);
  const auto tour = readme.substr(begin + 6, readme.find("```", begin + 6) - begin - 6);
  const tests::Scratch scratch;
  tests::Served served(scratch / "data");
  const std::string expected[] = {R"("versionId":"1")", "201 Created", "64.50", R"("versionId":"2")", "1975-06-15"};
  std::size_t ran = 0;
  for (auto line : commands_test::lines_of(tour)) {
    if (line.rfind("curl", 0) != 0) continue;
    REQUIRE(ran < std::size(expected));
    const std::string home = "http://127.0.0.1:8080/fhir";
    const auto at = line.find(home);
    REQUIRE(at != std::string::npos);
    line.replace(at, home.size(), served.url());
    const auto out = scratch / ("out" + std::to_string(ran));
    REQUIRE(std::system((line + " --fail-with-body >" + out.string()).c_str()) == 0);
    const auto answer = commands_test::read_file(out);
    INFO(line << "\n" << answer);
    CHECK(answer.find(expected[ran]) != std::string::npos);
    ++ran;
  }
  CHECK(ran == std::size(expected));
  CHECK(served.stop() == 0);
}
