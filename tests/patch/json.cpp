// JSON Patch: HL7's cases, and rows of our own. RFC 6902, RFC 6901.

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "resources-gen/patch/json_value.h"
#include "tests/patch/support.h"
#include "tests/support/data.h"

namespace {

namespace json = boost::json;

struct Row {
  std::string_view about;
  std::string_view document;
  std::string_view patch;
  std::string_view result;  // "! ...": what its reason begins with
};

constexpr Row rows[] = {
    // what is not touched keeps its bytes
    {"number text", R"({"a":1.50,"b":1E+2,"c":"x"})", R"([{"op":"replace","path":"/c","value":0.10}])",
     R"({"a":1.50,"b":1E+2,"c":0.10})"},
    {"escapes", R"({"a":"\u00e9\/","b\u0020":1})", R"([{"op":"add","path":"/c","value":"\u0041"}])",
     R"({"a":"\u00e9\/","b\u0020":1,"c":"\u0041"})"},
    {"a move keeps the text", R"({"a":[1.0,2.00],"b":{}})", R"([{"op":"move","from":"/a/1","path":"/b/x"}])",
     R"({"a":[1.0],"b":{"x":2.00}})"},
    {"a name with an escape is found", R"({"\u0061":1})", R"([{"op":"remove","path":"/a"}])", "{}"},
    // add
    {"add replaces a member where it stands", R"({"a":1,"b":2})", R"([{"op":"add","path":"/a","value":3}])", R"({"a":3,"b":2})"},
    {"add at the end by index", R"([1,2])", R"([{"op":"add","path":"/2","value":3}])", "[1,2,3]"},
    {"add to the front", R"([1,2])", R"([{"op":"add","path":"/0","value":0}])", "[0,1,2]"},
    {"add replaces the whole", R"({"a":1})", R"([{"op":"add","path":"","value":[]}])", "[]"},
    {"an empty name", R"({"a":1})", R"([{"op":"add","path":"/","value":2}])", R"({"a":1,"":2})"},
    {"null is a value", R"({"a":1})", R"([{"op":"add","path":"/a","value":null}])", R"({"a":null})"},
    {"no operations", R"({"a":1})", "[]", R"({"a":1})"},
    {"beyond the end", "[1]", R"([{"op":"add","path":"/2","value":3}])", "! Operation 0, add '/2': the array has 1 items"},
    {"into a string", R"({"a":"x"})", R"([{"op":"add","path":"/a/b","value":3}])", "! Operation 0, add '/a/b': what holds"},
    {"no parent", R"({"q":{}})", R"([{"op":"add","path":"/a/b/c","value":3}])",
     "! Operation 0, add '/a/b/c': there is nothing at '/a'"},
    // indexes
    {"leading zero", "[1,2]", R"([{"op":"remove","path":"/01"}])", "! Operation 0, remove '/01': there is nothing at '/01'"},
    {"a sign", "[1,2]", R"([{"op":"add","path":"/+1","value":1}])", "! Operation 0, add '/+1': '+1' is no index"},
    {"- names no item", "[1,2]", R"([{"op":"remove","path":"/-"}])", "! Operation 0, remove '/-': there is nothing"},
    {"- in a test", "[1,2]", R"([{"op":"test","path":"/-","value":2}])", "! Operation 0, test '/-': there is nothing"},
    {"huge index", "[1,2]", R"([{"op":"add","path":"/18446744073709551616","value":1}])",
     "! Operation 0, add '/18446744073709551616': the array has 2 items"},
    {"huger index", "[1,2]", R"([{"op":"remove","path":"/99999999999999999999999999999999999999"}])", "! Operation 0, remove"},
    {"empty index", "[1,2]", R"([{"op":"remove","path":"/"}])", "! Operation 0, remove '/'"},
    {"an index into an object is a name", R"({"0":1})", R"([{"op":"remove","path":"/0"}])", "{}"},
    // escapes of pointers
    {"~1 and ~0", R"({"a/b":1,"m~n":2})", R"([{"op":"test","path":"/a~1b","value":1},{"op":"remove","path":"/m~0n"}])",
     R"({"a/b":1})"},
    {"a bad escape", R"({"a":1})", R"([{"op":"remove","path":"/~2"}])", "! Operation 0: its 'path' '/~2' is no JSON Pointer"},
    {"a cut escape", R"({"a":1})", R"([{"op":"remove","path":"/a~"}])", "! Operation 0: its 'path' '/a~' is no JSON Pointer"},
    {"no slash", R"({"a":1})", R"([{"op":"remove","path":"a"}])", "! Operation 0: its 'path' 'a' is no JSON Pointer"},
    // remove, replace
    {"remove the whole", R"({"a":1})", R"([{"op":"remove","path":""}])", "! Operation 0, remove '': the whole resource"},
    {"replace what is not there", R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])",
     "! Operation 0, replace '/b': there is nothing at '/b'"},
    {"replace the whole", R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":1.0}}])", R"({"b":1.0})"},
    // move, copy
    {"a parent into its child", R"({"a":{"b":{}}})", R"([{"op":"move","from":"/a","path":"/a/b/c"}])",
     "! Operation 0, move from '/a' to '/a/b/c': a value cannot be moved into itself"},
    {"the whole into a member", R"({"a":1})", R"([{"op":"move","from":"","path":"/a"}])",
     "! Operation 0, move from '' to '/a': a value cannot be moved into itself"},
    {"not a child, though it begins alike", R"({"a":1,"ab":{}})", R"([{"op":"move","from":"/a","path":"/ab/c"}])",
     R"({"ab":{"c":1}})"},
    {"onto itself", R"({"a":1,"b":2})", R"([{"op":"move","from":"/a","path":"/a"}])", R"({"a":1,"b":2})"},
    {"onto itself, absent", R"({"b":2})", R"([{"op":"move","from":"/a","path":"/a"}])",
     "! Operation 0, move from '/a' to '/a': there is nothing"},
    {"a child over its parent", R"({"a":{"b":5}})", R"([{"op":"move","from":"/a/b","path":"/a"}])", R"({"a":5})"},
    {"copy", R"({"a":{"b":1.0}})", R"([{"op":"copy","from":"/a","path":"/c"},{"op":"replace","path":"/c/b","value":2}])",
     R"({"a":{"b":1.0},"c":{"b":2}})"},
    {"copy into itself", R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/a/c"}])", R"({"a":{"b":1,"c":{"b":1}}})"},
    {"copy of the whole", R"({"a":1})", R"([{"op":"copy","from":"","path":"/b"}])", R"({"a":1,"b":{"a":1}})"},
    // test
    {"numbers by value", R"({"a":1.50,"b":100,"c":-0,"d":0.001})",
     R"([{"op":"test","path":"/a","value":15e-1},{"op":"test","path":"/b","value":1E2},{"op":"test","path":"/c","value":0.0},{"op":"test","path":"/d","value":1e-3}])",
     R"({"a":1.50,"b":100,"c":-0,"d":0.001})"},
    {"numbers that differ far behind", R"({"a":1.00000000000000000001})",
     R"([{"op":"test","path":"/a","value":1.00000000000000000002}])", "! Operation 0, test '/a': the value is another one"},
    {"signs", R"({"a":-1})", R"([{"op":"test","path":"/a","value":1}])", "! Operation 0, test"},
    {"strings by characters", R"({"a":"\u00e9"})", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"\xc3\xa9\"}]",
     R"({"a":"\u00e9"})"},
    {"objects in any order", R"({"a":{"x":1,"y":[1,{"z":null}]}})",
     R"([{"op":"test","path":"/a","value":{"y":[1.0,{"z":null}],"x":1}}])", R"({"a":{"x":1,"y":[1,{"z":null}]}})"},
    {"arrays in their order", R"({"a":[1,2]})", R"([{"op":"test","path":"/a","value":[2,1]}])", "! Operation 0, test"},
    {"a member more", R"({"a":{"x":1}})", R"([{"op":"test","path":"/a","value":{"x":1,"y":2}}])", "! Operation 0, test"},
    {"null is not absent", R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])",
     "! Operation 0, test '/b': there is nothing"},
    {"true and 1", R"({"a":true})", R"([{"op":"test","path":"/a","value":1}])", "! Operation 0, test"},
    {"the second fails: nothing is done", R"({"a":1})",
     R"([{"op":"add","path":"/b","value":1},{"op":"test","path":"/a","value":2}])", "! Operation 1, test '/a'"},
    // what is no patch
    {"no JSON", "{}", "[{", "! The JSON Patch is no JSON"},
    {"nothing", "{}", "", "! The JSON Patch is no JSON"},
    {"an object", "{}", R"({"op":"add","path":"/a","value":1})", "! A JSON Patch is an array"},
    {"a string", "{}", R"("add")", "! A JSON Patch is an array"},
    {"an item that is none", "{}", "[1]", "! Operation 0: it is no object"},
    {"an unknown operation", "{}", R"([{"op":"delete","path":"/a"}])", "! Operation 0: 'delete' is no operation"},
    {"no op", "{}", R"([{"path":"/a"}])", "! Operation 0: it has no 'op'"},
    {"no path", "{}", R"([{"op":"add","value":1}])", "! Operation 0: it has no 'path'"},
    {"no value", "{}", R"([{"op":"add","path":"/a"}])", "! Operation 0: it has no 'value'"},
    {"no from", "{}", R"([{"op":"move","path":"/a"}])", "! Operation 0: it has no 'from'"},
    {"a path that is no string", "{}", R"([{"op":"remove","path":["a"]}])", "! Operation 0: its 'path' is no string"},
    {"op twice (RFC 6902 A.13)", "{}", R"([{"op":"add","path":"/a","value":1,"op":"remove"}])",
     "! Operation 0: it has 'op' twice"},
    {"the names of members may be escaped", "{}", R"([{"\u006fp":"add","path":"/a","value":1}])", R"({"a":1})"},
};

}  // namespace

TEST_CASE("JSON Patch: rows") {
  for (const auto& row : rows) {
    INFO(row.about << ": " << row.patch);
    const auto result = tests::json_patched(row.document, row.patch);
    if (row.result.starts_with('!')) {
      CHECK(result.substr(0, row.result.size()) == row.result);
    } else {
      CHECK(result == row.result);
    }
  }
}

TEST_CASE("JSON Patch: every fault of a document is named") {
  const auto parsed = patch::parse_json_patch(R"([{"op":"add"},{"op":"x","path":"y"},{"op":"remove","path":"/a"},3])");
  REQUIRE(!parsed);
  CHECK(parsed.error().kind == model::FailureKind::bad_request);
  CHECK(parsed.error().issues.size() == 5);  // no path, no value; no pointer, no operation; no object
}

TEST_CASE("JSON Patch: what grows without end is refused") {
  std::string doubling = "[", nesting = "[", wide = "[";
  for (int i = 0; i < 200; ++i) doubling += (i ? "," : "") + std::string(R"({"op":"copy","from":"/a","path":"/a/-"})");
  for (int i = 0; i < 200; ++i) nesting += (i ? "," : "") + std::string(R"({"op":"copy","from":"","path":"/a/0"})");
  for (int i = 0; i < 200'000; ++i)
    wide += (i ? "," : "") + std::string(R"({"op":"add","path":"/o/)") + std::to_string(i) + R"(","value":1})";
  const std::string front_insertions = [] {
    std::string text = "[";
    for (int i = 0; i < 200'000; ++i) text += (i ? "," : "") + std::string(R"({"op":"add","path":"/a/0","value":1})");
    return text + "]";
  }();
  const std::string document = R"({"a":["0123456789",{}],"o":{}})";
  // Without their limits these would go on for longer than a suite may take.
  CHECK(tests::json_patched(document, doubling + "]").starts_with("! Operation "));
  CHECK(tests::json_patched(document, nesting + "]").starts_with("! Operation "));
  CHECK(tests::json_patched(document, wide + "]").find("too much work") != std::string::npos);
  CHECK(tests::json_patched(document, front_insertions).find("too much work") != std::string::npos);
}

// Each takes minutes where its cost is not counted.
TEST_CASE("JSON Patch: what is compared or moved is counted by its size") {
  constexpr int count = 100'000;
  const auto all = [](const std::string& first, const auto& operation) {
    std::string text = "[" + first;
    for (int i = 0; i < count; ++i) text.append(",").append(operation(i));
    return text + "]";
  };
  const std::string number = "1." + std::string(4 << 20, '0');
  const auto tests = all(R"({"op":"test","path":"/b","value":1})", [](int) { return R"({"op":"test","path":"/a","value":1})"; });
  CHECK(tests::json_patched(R"({"a":)" + number + R"(,"b":1})", tests).find("too much work") != std::string::npos);
  std::string items;
  for (int i = 0; i < count; ++i) items += (i ? "," : "") + std::string(R"({"c":1})");
  std::string opened = R"({"op":"test","path":"/b","value":1})";
  for (int i = 0; i < count; ++i) opened += R"(,{"op":"replace","path":"/a/)" + std::to_string(i) + R"(/c","value":2})";
  const auto moves = all(opened, [](int i) {
    return std::string(i % 2 ? R"({"op":"move","from":"/d","path":"/a"})" : R"({"op":"move","from":"/a","path":"/d"})");
  });
  CHECK(tests::json_patched(R"({"a":[)" + items + R"(],"b":1})", moves).find("too much work") != std::string::npos);
}

TEST_CASE("JSON Patch: nesting") {
  std::string deep, path;
  for (int i = 0; i < 2000; ++i) deep += "[";
  CHECK(tests::json_patched("{}", deep).starts_with("! The JSON Patch is no JSON"));
  // Each operation goes one level deeper than the one before.
  std::string patch = "[";
  for (int i = 0; i < 3000; ++i) {
    path += "/a";
    patch += (i ? "," : "") + std::string(R"({"op":"add","path":")") + path + R"(","value":{}})";
  }
  CHECK(tests::json_patched("{}", patch + "]").find("nested too deeply") != std::string::npos);
}

TEST_CASE("HL7's JSON Patch cases") {
  const auto folder = tests::official_data("patch-tests");
  if (!folder) return;
  std::ifstream in(*folder / "json-patch-tests.json");
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto cases = json::parse(text);
  for (const auto& each : cases.as_array()) {
    INFO(json::serialize(each));
    const auto result = tests::json_patched(json::serialize(each.at("doc")), json::serialize(each.at("patch")));
    if (each.as_object().contains("error")) {
      CHECK(result.starts_with("! Operation "));
    } else {
      CHECK(json::parse(result) == each.at("expected"));
    }
  }
  CHECK(cases.as_array().size() == 16);
}
