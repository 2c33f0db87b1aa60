// Every search parameter of R4, and every official example.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "resources-gen/formats/json.h"
#include "tests/search/types_support.h"
#include "tests/support/data.h"

namespace {

namespace fs = std::filesystem;
using Pair = std::pair<std::string, std::string>;  // type, code

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The datatypes of the elements under a type, by name, are searched for one that a reader of the definitions would expect a value
// in.
void extract_all(const fs::path& folder, std::set<Pair>& hit, std::size_t& resources, std::size_t& terms) {
  const model::Schema& schema = model::r4();
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const formats::ReadResult parsed = formats::read_json(read(entry.path()), schema);
    if (parsed.tree.empty()) continue;
    const auto found = types_test::extractor().extract(parsed.tree);
    ++resources;
    terms += found->terms.size();
    for (const search::Term& term : found->terms) {
      if (term.parameter == search::every_document || term.bytes == std::string(1, search::tag_present)) continue;
      hit.insert(
          {std::string(schema.type_name(found->type)), std::string(schema.text(schema.search_parameters[term.parameter].code))});
    }
  }
}

}  // namespace

TEST_CASE("every search parameter of R4 compiles for every type it is defined on", "[types]") {
  const model::Schema& schema = model::r4();
  for (const std::string& fault : types_test::extractor().faults()) FAIL_CHECK(fault);
  std::size_t types = 0, pairs = 0, own = 0;
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    if (schema.types[i].kind != model::TypeKind::resource || schema.types[i].abstract) continue;
    const auto type = static_cast<model::TypeId>(i);
    ++types;
    const std::span<const model::ParameterId> all = types_test::extractor().parameters(type);
    pairs += all.size();
    std::string_view last;
    for (const model::ParameterId id : all) {
      const std::string_view code = schema.text(schema.search_parameters[id].code);
      CHECK(last < code);
      last = code;
      CHECK(types_test::extractor().parameter(type, code) == id);
      own += !code.starts_with('_');
    }
    CHECK(types_test::extractor().parameter(type, "_tag") != search::no_parameter);
    CHECK(types_test::extractor().parameter(type, "_text") == search::no_parameter);
    CHECK(types_test::extractor().parameter(type, "nonsense") == search::no_parameter);
  }
  CHECK(types == 146);
  // 1,706 pairs of base and code; less Resource's eight and DomainResource's _text, whose bases are abstract.
  CHECK(own == 1706 - 9);
  CHECK(pairs == own + 146 * 4);  // _profile, _security, _source, _tag
}

TEST_CASE("the official examples have terms under nearly all parameters", "[types]") {
  std::set<Pair> hit;
  std::size_t resources = 0, terms = 0;
  for (const char* name : {"r4-examples-json", "r4-minimal"}) {
    const std::optional<fs::path> folder = tests::official_data(name);
    if (!folder) return;
    extract_all(*folder, hit, resources, terms);
  }
  const model::Schema& schema = model::r4();
  std::size_t pairs = 0, missed = 0;
  std::ostringstream list;
  for (std::size_t i = 0; i < schema.types.size(); ++i) {
    const auto type = static_cast<model::TypeId>(i);
    for (const model::ParameterId id : types_test::extractor().parameters(type)) {
      const std::string_view code = schema.text(schema.search_parameters[id].code);
      if (code.starts_with('_')) continue;
      ++pairs;
      if (hit.contains({std::string(schema.type_name(type)), std::string(code)})) continue;
      ++missed;
      list << schema.type_name(type) << '.' << code << ' ';
    }
  }
  std::cout << "search parameters: " << pairs - missed << " of " << pairs << " have terms in " << resources << " examples, "
            << terms << " terms\n";
  if (std::getenv("KILN_LIST_MISSED")) std::cout << list.str() << '\n';
  CHECK(resources > 3300);
  CHECK(missed < 390);  // those whose elements no example has, or only as text, display, identifier or contained
}
