// The house keeps its rules, and each rule would see a fault.
#include <catch2/catch.hpp>

#include "tests/house/rules.h"

using house::Files;

namespace {

const std::vector<std::string> floors = {"resources-gen", "store", "terminology", "search", "conformance", "fhir"};

void check_none(const std::vector<std::string>& faults) {
  for (const auto& fault : faults) FAIL_CHECK(fault);
}

}  // namespace

TEST_CASE("arrows point downward, without circles, and sockets stay in their room") {
  const auto files = house::read_files(KILN_SOURCE_DIR, floors);
  REQUIRE(files.size() > 100);
  check_none(house::upward_includes(files));
  check_none(house::include_circles(files));
  check_none(house::stray_networking(files));
  check_none(house::include_circles(house::read_files(KILN_SOURCE_DIR, {"tests"})));
}

TEST_CASE("files are short, headers say what they hold, and no two types share a name") {
  const auto files = house::read_files(KILN_SOURCE_DIR, floors);
  check_none(house::long_files(files, 500));
  check_none(house::unguarded_headers(files));
  check_none(house::own_header_not_first(files));
  check_none(house::repeated_types(files));
  check_none(house::unguarded_headers(house::read_files(KILN_SOURCE_DIR, {"tests"})));
}

TEST_CASE("no loop runs over what a temporary owned") {
  check_none(house::loops_over_temporaries(house::read_files(KILN_SOURCE_DIR, floors)));
  check_none(house::loops_over_temporaries(house::read_files(KILN_SOURCE_DIR, {"tests"})));
}

TEST_CASE("each rule sees its fault") {
  const std::string head = "// A word.\n#pragma once\n";
  CHECK(house::upward_includes({{"store/a.h", "#include \"search/b.h\"\n"}}).size() == 1);
  CHECK(house::upward_includes({{"resources-gen/model/a.h", "#include \"resources-gen/formats/b.h\"\n"}}).size() == 1);
  CHECK(house::upward_includes({{"fhir/rest/a.cpp", "\n  # include \"fhir/http/server.h\"\n"}}).size() == 1);
  CHECK(house::upward_includes({{"search/a.h", "#include \"tests/b.h\"\n"}}).size() == 1);
  CHECK(house::upward_includes({{"elsewhere/a.h", ""}}).size() == 1);
  CHECK(house::upward_includes({{"search/a.h", "#include \"store/b.h\"\n#include \"search/c.h\"\n"}}).empty());
  CHECK(house::include_circles({{"store/a.h", "#include \"store/b.h\"\n"}, {"store/b.h", "#include \"store/a.h\"\n"}}).size() ==
        1);
  CHECK(house::stray_networking({{"search/a.cpp", "#include <boost/asio/post.hpp>\n"}}).size() == 1);
  CHECK(house::stray_networking({{"fhir/http/a.cpp", "#include <boost/beast.hpp>\n"}}).empty());
  CHECK(house::repeated_types(
            {{"a/a.h", "namespace n {\nstruct Row { int i; };\n}\n"}, {"a/b.h", "namespace n { class Row : public X {}; }"}})
            .size() == 1);
  CHECK(house::repeated_types({{"a/a.h", "namespace n { struct Row { struct Part {}; }; }"},
                               {"a/b.h", "namespace n { struct Other { struct Part {}; }; }"}})
            .empty());
  CHECK(
      house::repeated_types({{"a/a.h", "namespace n { struct Row {}; }"}, {"a/b.h", "namespace m { struct Row {}; }"}}).empty());
  CHECK(house::long_files({{"a", "1\n2\n3\n"}}, 2).size() == 1);
  CHECK(house::loops_over_temporaries({{"a.cpp", "for (const auto& x : find()->list) use(x);"}}).size() == 1);
  CHECK(house::loops_over_temporaries({{"a.cpp", "for (auto& x : (*node)->search().check()) use(x);"}}).empty());
  CHECK(house::loops_over_temporaries({{"a.cpp", "// for (x : f()->g)\nfor (auto& x : list) f()->g();"}}).empty());
  CHECK(house::loops_over_temporaries({{"a.cpp", "for (auto& x : read().value().rows) use(x);"}}).size() == 1);
  CHECK(house::own_header_not_first({{"a/b.h", head}, {"a/b.cpp", "// B.\n#include <map>\n\n#include \"a/b.h\"\n"}}).size() == 1);
  CHECK(house::own_header_not_first({{"a/b.h", head}, {"a/b.cpp", "#include \"a/c.h\"\n#include \"a/b.h\"\n"}}).size() == 1);
  CHECK(house::own_header_not_first({{"a/b.h", head}, {"a/b.cpp", "void f();\n"}}).size() == 1);
  CHECK(house::own_header_not_first({{"a/b.h", head}, {"a/b.cpp", "// B.\n#include \"a/b.h\"\n#include <map>\n"}}).empty());
  CHECK(house::own_header_not_first({{"a/c.h", head}, {"a/b.cpp", "#include <map>\n"}}).empty());
  CHECK(house::unguarded_headers({{"a.h", "int f();\n"}}).size() == 2);
  CHECK(house::unguarded_headers({{"a.h", head}}).empty());
}
