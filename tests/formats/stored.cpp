// The stored form and what is written into its hole.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/formats/support.h"
#include "tests/support/data.h"

namespace {

using formats::MetaHole;

constexpr std::int64_t some_time = 1'795'477'407'123;  // 2026-11-23T23:43:27.123Z
constexpr const char* some_members = R"("versionId":"3","lastUpdated":"2026-11-23T23:43:27.123Z")";

std::string rendered(const formats::StoredForm& form) {
  std::string out = form.body;
  return out.insert(form.hole, formats::hole_text(form.kind, 3, some_time));
}

using Members = std::vector<std::pair<std::string, std::string>>;

// An object's members as text, in order: an oracle that knows strings and brackets only.
Members members_of(std::string_view object) {
  Members members;
  int depth = 0;
  bool in_string = false;
  std::string part;
  const auto flush = [&] {
    if (part.empty()) return;
    const auto colon = part.find("\":");
    members.emplace_back(part.substr(1, colon - 1), part.substr(colon + 2));
    part.clear();
  };
  for (std::size_t i = 1; i + 1 < object.size(); ++i) {
    const char c = object[i];
    if (!in_string && depth == 0 && c == ',') {
      flush();
      continue;
    }
    part += c;
    if (in_string && c == '\\') part += object[++i];
    if (c == '"') in_string = !in_string;
    if (!in_string && (c == '{' || c == '[')) ++depth;
    if (!in_string && (c == '}' || c == ']')) --depth;
  }
  flush();
  return members;
}

std::string take(Members& members, const std::string& name) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == name; });
  if (found == members.end()) return {};
  std::string value = found->second;
  members.erase(found);
  return value;
}

// Empty if `sent` is what the resource `source` is to become; else what is wrong.
std::string difference(const std::string& source, const std::string& sent, const std::string& id) {
  Members before = members_of(source), after = members_of(sent);
  if (std::any_of(after.begin(), after.end(), [](const auto& m) { return m.first == "id"; })) {
    if (take(before, "id").empty()) {
      for (std::size_t i = 0; i + 1 < after.size(); ++i) {
        if (after[i].first == "resourceType" && after[i + 1].first != "id") return "id does not follow resourceType";
      }
    }
  }
  if (take(after, "id") != '"' + id + '"') return "id";
  const std::string meta_before = take(before, "meta"), meta_after = take(after, "meta");
  Members kept = members_of(meta_before.empty() ? "{}" : meta_before);
  for (const char* name : {"versionId", "lastUpdated", "_versionId", "_lastUpdated"}) take(kept, name);
  Members now = members_of(meta_after);
  if (take(now, "versionId") != "\"3\"" || take(now, "lastUpdated") != "\"2026-11-23T23:43:27.123Z\"")
    return "meta " + meta_after;
  if (kept != now) return "other members of meta";
  if (before != after) return "other members";
  return {};
}

void check(const std::string& text, const std::string& name) {
  const auto read = formats::read_json(text, model::r4());
  if (!read.ok()) return;
  const auto form = formats::stored_form(read.tree, "new-id");
  const auto sent = rendered(form);
  const auto wrong = difference(std::string(read.tree.source()), sent, "new-id");
  const auto again = formats::read_json(sent, model::r4());
  if (!wrong.empty() || !again.ok() || again.tree.source() != sent) FAIL_CHECK(name << ": " << wrong << "\n" << sent);
  // Stored again, under its own id, it is the same.
  const auto second = formats::stored_form(again.tree, "new-id");
  const bool same = rendered(second) == sent;
  if (!same) FAIL_CHECK(name << ": a second pass changes\n" << sent << "\n" << rendered(second));
}

struct Row {
  const char* json;
  const char* body;
  MetaHole kind;
  const char* sent;  // @ stands for the two members
};

const Row rows[] = {
    {R"({"resourceType":"Patient"})", R"({"resourceType":"Patient","id":"7"})", MetaHole::new_meta_last,
     R"({"resourceType":"Patient","id":"7","meta":{@}})"},
    {R"({"resourceType":"Patient","active":true})", R"({"resourceType":"Patient","id":"7","active":true})",
     MetaHole::new_meta_last, R"({"resourceType":"Patient","id":"7","meta":{@},"active":true})"},
    {R"({"active":true,"resourceType":"Patient"})", R"({"active":true,"resourceType":"Patient","id":"7"})",
     MetaHole::new_meta_last, R"({"active":true,"resourceType":"Patient","id":"7","meta":{@}})"},
    {R"({"resourceType":"Patient","active":true,"id":"abc"})", R"({"resourceType":"Patient","active":true,"id":"7"})",
     MetaHole::new_meta_last, R"({"resourceType":"Patient","active":true,"id":"7","meta":{@}})"},
    {R"({"id":"abc","resourceType":"Patient"})", R"({"id":"7","resourceType":"Patient"})", MetaHole::new_meta_last,
     R"({"id":"7","meta":{@},"resourceType":"Patient"})"},
    {R"({"resourceType":"Patient","meta":{"versionId":"9","lastUpdated":"2020-01-01T00:00:00Z"},"id":"a"})",
     R"({"resourceType":"Patient","meta":{},"id":"7"})", MetaHole::in_empty_meta,
     R"({"resourceType":"Patient","meta":{@},"id":"7"})"},
    {R"({"resourceType":"Patient","meta":{"profile":["urn:a"]}})",
     R"({"resourceType":"Patient","id":"7","meta":{"profile":["urn:a"]}})", MetaHole::in_meta,
     R"({"resourceType":"Patient","id":"7","meta":{@,"profile":["urn:a"]}})"},
    {R"({"resourceType":"Patient","meta":{"versionId":"9","profile":["urn:a"],"lastUpdated":"2020-01-01T00:00:00Z","source":"urn:b"}})",
     R"({"resourceType":"Patient","id":"7","meta":{"profile":["urn:a"],"source":"urn:b"}})", MetaHole::in_meta,
     R"({"resourceType":"Patient","id":"7","meta":{@,"profile":["urn:a"],"source":"urn:b"}})"},
    {R"({"resourceType":"Patient","meta":{"source":"urn:b","_versionId":{"id":"x"},"versionId":"9"}})",
     R"({"resourceType":"Patient","id":"7","meta":{"source":"urn:b"}})", MetaHole::in_meta,
     R"({"resourceType":"Patient","id":"7","meta":{@,"source":"urn:b"}})"},
    {R"({"resourceType":"Patient","meta":{"_lastUpdated":{"id":"x"}}})", R"({"resourceType":"Patient","id":"7","meta":{}})",
     MetaHole::in_empty_meta, R"({"resourceType":"Patient","id":"7","meta":{@}})"},
    {R"({"resourceType":"Patient","meta":{"version\u0049d":"9","source":"urn:}]\"{"}})",
     R"({"resourceType":"Patient","id":"7","meta":{"source":"urn:}]\"{"}})", MetaHole::in_meta,
     R"({"resourceType":"Patient","id":"7","meta":{@,"source":"urn:}]\"{"}})"},
    {R"({"resourceType":"Patient","_id":{"id":"x"}})", R"({"resourceType":"Patient","id":"7","_id":{"id":"x"}})",
     MetaHole::new_meta_last, R"({"resourceType":"Patient","id":"7","meta":{@},"_id":{"id":"x"}})"},
    {R"({"\u0072esourceType":"Patient","i\u0064":"x"})", R"({"\u0072esourceType":"Patient","i\u0064":"7"})",
     MetaHole::new_meta_last, R"({"\u0072esourceType":"Patient","i\u0064":"7","meta":{@}})"},
    {R"({"resourceType":"Patient","contained":[{"resourceType":"Patient","id":"c","meta":{"versionId":"1"}}]})",
     R"({"resourceType":"Patient","id":"7","contained":[{"resourceType":"Patient","id":"c","meta":{"versionId":"1"}}]})",
     MetaHole::new_meta_last,
     R"({"resourceType":"Patient","id":"7","meta":{@},"contained":[{"resourceType":"Patient","id":"c","meta":{"versionId":"1"}}]})"},
};

std::string filled(std::string pattern) { return pattern.replace(pattern.find('@'), 1, some_members); }

}  // namespace

TEST_CASE("the stored form, case by case") {
  for (const Row& row : rows) {
    CAPTURE(row.json);
    const auto read = formats::read_json(row.json, model::r4());
    REQUIRE(tests::issue_lines(read.issues) == std::vector<std::string>());
    const auto form = formats::stored_form(read.tree, "7");
    CHECK(form.body == row.body);
    CHECK(form.kind == row.kind);
    CHECK(rendered(form) == filled(row.sent));
    if (std::string_view(row.json).find("\\u") == std::string_view::npos) check(row.json, row.json);
  }
}

TEST_CASE("every kind of hole can be filled") {
  const auto text = [](MetaHole kind) { return formats::hole_text(kind, 3, some_time); };
  CHECK(text(MetaHole::in_meta) == filled("@,"));
  CHECK(text(MetaHole::in_empty_meta) == filled("@"));
  CHECK(text(MetaHole::new_meta) == filled(R"("meta":{@},)"));
  CHECK(text(MetaHole::new_meta_last) == filled(R"(,"meta":{@})"));
}

TEST_CASE("rewritten references are applied to the stored form, wherever they stand") {
  const std::string json =
      R"({"resourceType":"Observation","meta":{"_versionId":{"extension":[{"url":"urn:a","valueReference":{"reference":"urn:x"}}]},)"
      R"("extension":[{"url":"urn:a","valueReference":{"reference":"urn:x"}}]},"status":"final","code":{"text":"t"},)"
      R"("subject":{"reference":"urn:x"}})";
  const auto read = formats::read_json(json, model::r4());
  REQUIRE(read.ok());
  std::vector<formats::Edit> edits;
  for (model::NodeIndex i = 0; i < read.tree.size(); ++i) {
    const model::NodeRef node(read.tree, i);
    if (node.text() == "urn:x") edits.push_back({node.node().begin, node.node().stop, R"("Patient/1")"});
  }
  REQUIRE(edits.size() == 3);
  std::reverse(edits.begin(), edits.end());
  const auto form = formats::stored_form(read.tree, "7", edits);
  CHECK(rendered(form) ==
        filled(R"({"resourceType":"Observation","id":"7","meta":{@,"extension":[{"url":"urn:a","valueReference":)"
               R"({"reference":"Patient/1"}}]},"status":"final","code":{"text":"t"},"subject":{"reference":"Patient/1"}})"));
}

TEST_CASE("a resource cut out of a Bundle is stored like one read alone") {
  const std::string patient =
      R"({"meta":{"versionId":"1","tag":[{"code":"\u0061"}]},"resourceType":"Patient","name":[{"text":"M\u00fcller","given":["a"]}]})";
  const auto bundle =
      formats::read_json(R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":)" + patient + "}]}", model::r4());
  REQUIRE(bundle.ok());
  const auto node = bundle.tree.root().child("entry").child("resource");
  REQUIRE(node.is_resource());
  const auto cut = node.copy();
  const auto alone = formats::read_json(patient, model::r4());
  tests::check_nodes(cut);
  CHECK(cut.source() == patient);
  REQUIRE(cut.size() == alone.tree.size());
  for (model::NodeIndex i = 0; i < cut.size(); ++i) {
    const model::NodeRef a(cut, i), b(alone.tree, i);
    CHECK(a.path() == b.path());
    CHECK(a.text() == b.text());
    CHECK(a.json() == b.json());
    CHECK(a.element() == b.element());
    CHECK(a.type() == b.type());
  }
  const auto form = formats::stored_form(cut, "7"), expected = formats::stored_form(alone.tree, "7");
  CHECK(form.body == expected.body);
  CHECK(form.hole == expected.hole);
}

TEST_CASE("whatever stands in a resource, only id and the server's part of meta change") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> parts = {R"("active":true)", R"("name":[{"text":"a\"},{"}])", R"("_id":{"id":"x"})",
                                          R"("birthDate":"2020")", R"("language":"de")"};
  const std::vector<std::string> meta_parts = {
      R"("versionId":"1")",           R"("_versionId":{"id":"a"})", R"("lastUpdated":"2020-01-01T00:00:00Z")",
      R"("_lastUpdated":{"id":"b"})", R"("source":"urn:a")",        R"("tag":[{"code":"},"}])"};
  const auto object = [&](std::vector<std::string> from) {
    std::shuffle(from.begin(), from.end(), random);
    std::string out = "{";
    for (const auto& part : from) out += (out.size() > 1 ? "," : "") + part;
    return out + "}";
  };
  const auto some = [&](const std::vector<std::string>& from) {
    std::vector<std::string> out;
    std::copy_if(from.begin(), from.end(), std::back_inserter(out), [&](const auto&) { return random() % 2 == 0; });
    return out;
  };
  std::size_t read = 0;
  for (int i = 0; i < 5000; ++i) {
    auto members = some(parts);
    members.push_back(R"("resourceType":"Patient")");
    if (random() % 2) members.push_back(R"("id":"old")");
    if (random() % 3) {
      const auto meta = some(meta_parts);
      if (!meta.empty()) members.push_back("\"meta\":" + object(meta));
    }
    const auto json = object(members);
    read += formats::read_json(json, model::r4()).ok();
    check(json, json);
  }
  CHECK(read == 5000);
}

TEST_CASE("the official examples, stored and sent again") {
  const auto folder = tests::official_data("r4-examples-json");
  if (!folder) return;
  std::size_t turn = 0;
  for (const auto& path : tests::files_of(*folder, ".json")) {
    if (++turn % 4 == 0) check(tests::file_text(path), path.filename());
  }
}
