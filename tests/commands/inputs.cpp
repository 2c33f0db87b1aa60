// What kiln import takes, and what it says of what it does not.
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/commands/support.h"

namespace {

namespace json = boost::json;
using commands_test::gzipped;
using commands_test::read_ndjson;
using commands_test::write_file;

std::string patient(const std::string& id, const std::string& more = "") {
  return R"({"resourceType":"Patient","id":")" + id + "\"" + more + "}";
}
std::string observation(const std::string& id, const std::string& subject) {
  return R"({"resourceType":"Observation","id":")" + id + R"(","status":"final","code":{"text":"c"},"subject":{"reference":")" +
         subject + "\"}}";
}
std::string bundle(const std::string& type, const std::vector<std::string>& entries) {
  std::string out = R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[)";
  for (std::size_t i = 0; i < entries.size(); ++i) out += (i != 0 ? "," : "") + entries[i];
  return out + "]}";
}
std::string put(const std::string& path, const std::string& resource) {
  return R"({"resource":)" + resource + R"(,"request":{"method":"PUT","url":")" + path + "\"}}";
}
std::string post(const std::string& urn, const std::string& type, const std::string& resource) {
  return R"({"fullUrl":")" + urn + R"(","resource":)" + resource + R"(,"request":{"method":"POST","url":")" + type + "\"}}";
}

// The lines of a report of refusals.
struct Refused {
  std::string file, id, reason;
  std::int64_t line;
};
std::vector<Refused> refused(const std::filesystem::path& path) {
  std::vector<Refused> out;
  for (const auto& line : commands_test::lines_of(commands_test::read_file(path))) {
    const auto row = json::parse(line);
    out.push_back({std::string(row.at("file").as_string()), std::string(row.at("id").as_string()),
                   std::string(row.at("reason").as_string()), row.at("line").as_int64()});
  }
  return out;
}

// Imports files offline into scratch/data; what is stored then.
struct Outcome {
  tests::Ran ran;
  commands_test::Resources stored;
  std::vector<Refused> refused;
};
Outcome import(const tests::Scratch& scratch, const std::vector<std::string>& names) {
  std::vector<std::string> arguments{"import", "--data", (scratch / "data").string()};
  for (const auto& name : names) arguments.push_back((scratch / name).string());
  Outcome out;
  out.ran = tests::kiln(arguments);
  tests::kiln({"export", "--data", (scratch / "data").string(), "--out", (scratch / "out").string()});
  out.stored = read_ndjson(scratch / "out");
  out.refused = refused(scratch / "data/import-refused.ndjson");
  return out;
}

}  // namespace

TEST_CASE("import takes resources, NDJSON and Bundles, plain and gzipped, whatever they refer to first") {
  const tests::Scratch scratch;
  write_file(scratch / "one.json", patient("single"));
  write_file(scratch / "pretty.json", "{\n  \"resourceType\": \"Patient\",\n  \"id\": \"pretty\"\n}\n");
  write_file(scratch / "lines.ndjson",
             observation("o1", "Patient/later") + "\r\n\r\n" + patient("crlf") + "\n\n" + patient("last"));
  write_file(scratch / "mark.ndjson", "\xef\xbb\xbf" + patient("bom") + "\n");
  write_file(scratch / "lines.ndjson.gz", gzipped(patient("g1") + "\n" + patient("g2") + "\n"));
  write_file(scratch / "one.json.gz", gzipped(patient("g3")));
  write_file(scratch / "transaction.json",
             bundle("transaction", {post("urn:uuid:3a1f2e60-0f0e-4b7e-9d5c-0a50d4a7e111", "Patient",
                                         R"({"resourceType":"Patient","active":true})"),
                                    put("Observation/o2", observation("o2", "urn:uuid:3a1f2e60-0f0e-4b7e-9d5c-0a50d4a7e111"))}));
  write_file(scratch / "batch.json.gz",
             gzipped(bundle("batch", {put("Patient/b1", patient("b1")), put("Patient/b2", patient("b2"))})));
  write_file(scratch / "collection.json",
             bundle("collection", {R"({"resource":)" + patient("c1") + "}", R"({"resource":)" + patient("c2") + "}"}));
  write_file(scratch / "empty.ndjson", "");
  const auto got = import(scratch, {"one.json", "pretty.json", "lines.ndjson", "mark.ndjson", "lines.ndjson.gz", "one.json.gz",
                                    "transaction.json", "batch.json.gz", "collection.json", "empty.ndjson"});
  INFO(got.ran.output);
  CHECK(got.ran.status == 0);
  for (const char* id : {"single", "pretty", "crlf", "last", "bom", "g1", "g2", "g3", "b1", "b2", "c1", "c2"}) {
    INFO(id);
    CHECK(got.stored.count(std::string("Patient/") + id) == 1);
  }
  CHECK(got.stored.size() == 15);
  REQUIRE(got.stored.count("Observation/o2") == 1);
  const auto subject = commands_test::text_member(got.stored.at("Observation/o2"), "reference");
  CHECK(got.stored.count(subject) == 1);
}

TEST_CASE("a collection's references lead to what is stored, however large it is") {
  const tests::Scratch scratch;
  const int pairs = 1000;  // 2.5 MB: several transactions
  const std::string filler = R"(,"address":[{"text":")" + std::string(2000, 'x') + R"("}])";
  std::vector<std::string> entries;
  const auto full_url = [](int i) {
    const auto digits = std::to_string(100000 + i);
    return "urn:uuid:3a1f2e60-0f0e-4b7e-9d5c-0a50d4" + digits;
  };
  for (int i = 0; i < pairs; ++i)
    entries.push_back(R"({"fullUrl":")" + full_url(i) + R"(","resource":{"resourceType":"Patient")" + filler + "}}");
  for (int i = 0; i < pairs; ++i) entries.push_back(R"({"resource":)" + observation("o" + std::to_string(i), full_url(i)) + "}");
  entries.push_back(R"({"fullUrl":")" + full_url(pairs) + R"(","resource":)" + patient("twice") + "}");
  entries.push_back(R"({"resource":)" + patient("twice", R"(,"active":true)") + "}");
  entries.push_back(R"({"resource":)" + observation("of-twice", full_url(pairs)) + "}");
  write_file(scratch / "collection.json", bundle("collection", entries));
  const auto got = import(scratch, {"collection.json"});
  INFO(got.ran.output);
  CHECK(got.ran.status == 0);
  std::set<std::string> subjects;
  for (int i = 0; i < pairs; ++i) {
    const auto subject = commands_test::text_member(got.stored.at("Observation/o" + std::to_string(i)), "reference");
    if (got.stored.count(subject) == 1) subjects.insert(subject);
  }
  CHECK(subjects.size() == pairs);
  CHECK(commands_test::text_member(got.stored.at("Observation/of-twice"), "reference") == "Patient/twice");
}

TEST_CASE("what comes twice is stored in the order of the files") {
  for (int round = 0; round < 8; ++round) {
    const tests::Scratch scratch;
    std::string first, second;
    for (int i = 0; i < 40; ++i) {
      first += patient("p" + std::to_string(i), R"(,"birthDate":"2001-01-01")") + "\n";
      second += patient("p" + std::to_string(i), R"(,"birthDate":"2002-02-02")") + "\n";
    }
    write_file(scratch / "day1.ndjson",
               first + patient("q", R"(,"birthDate":"2001-01-01")") + "\n" + patient("q", R"(,"birthDate":"2002-02-02")") + "\n");
    write_file(scratch / "day2.ndjson", second);
    const auto got = import(scratch, {"day1.ndjson", "day2.ndjson"});
    INFO(got.ran.output);
    CHECK(got.ran.status == 0);
    REQUIRE(got.stored.size() == 41);
    for (const auto& [name, text] : got.stored) {
      INFO(name);
      CHECK(text.find("2002-02-02") != std::string::npos);
    }
  }
}

TEST_CASE("--continue is refused where what the journal says would not hold") {
  const tests::Scratch scratch;
  write_file(scratch / "a.ndjson", patient("a1") + "\n" + patient("a2", R"(,"gender":5)") + "\n");
  const auto data = (scratch / "data").string(), file = (scratch / "a.ndjson").string();
  CHECK(tests::kiln({"import", "--data", data, file}).status == 1);
  write_file(scratch / "a.ndjson", patient("a1") + "\n" + patient("a2", R"(,"gender":"male")") + "\n");
  const auto changed = tests::kiln({"import", "--data", data, "--continue", file});
  CHECK(changed.status == 1);
  CHECK(changed.output.find("was changed since it was read") != std::string::npos);
  write_file(scratch / "b.ndjson", patient("b1") + "\n");  // another file may be added, whatever became of the first
  CHECK(tests::kiln({"import", "--data", data, "--continue", (scratch / "b.ndjson").string()}).status == 0);
  CHECK(tests::kiln({"import", "--data", data, file}).status == 0);
  const auto elsewhere =
      tests::kiln({"import", "--data", (scratch / "other").string(), "--journal", data + "/import.journal", "--continue", file});
  CHECK(elsewhere.status == 1);
  CHECK(elsewhere.output.find("Resources went to") != std::string::npos);
}

TEST_CASE("--continue stores what comes again, though an earlier one of its id is in") {
  const tests::Scratch scratch;
  write_file(scratch / "day1.ndjson", patient("same", R"(,"birthDate":"2001-01-01")") + "\n");
  write_file(scratch / "day2.ndjson", patient("same", R"(,"birthDate":"2002-02-02")") + "\n");
  const auto data = (scratch / "data").string(), day1 = (scratch / "day1.ndjson").string(),
             day2 = (scratch / "day2.ndjson").string();
  CHECK(tests::kiln({"import", "--data", data, day1}).status == 0);
  CHECK(tests::kiln({"import", "--data", data, "--continue", day1, day2}).status == 0);
  std::filesystem::create_directories(scratch / "out");
  write_file(scratch / "out/Observation.ndjson", observation("erased-since", "Patient/same"));
  CHECK(tests::kiln({"export", "--data", data, "--out", (scratch / "out").string()}).status == 0);
  const auto stored = read_ndjson(scratch / "out");
  CHECK(stored.size() == 1);
  CHECK(stored.at("Patient/same").find("2002-02-02") != std::string::npos);
}

TEST_CASE("commands on a directory without a store say so and make none") {
  const tests::Scratch scratch;
  const auto data = (scratch / "none").string();
  std::filesystem::create_directories(data);
  for (const bool empty : {false, true}) {
    if (empty) write_file(scratch / "none/data.mdb", "");
    for (const std::vector<std::string>& command : std::initializer_list<std::vector<std::string>>{
             {"check"}, {"export", "--out", (scratch / "out").string()}, {"compact"}, {"erase", "Patient/a"}}) {
      auto arguments = command;
      arguments.insert(arguments.begin() + 1, {"--data", data});
      const auto ran = tests::kiln(arguments);
      INFO(command[0] << ": " << ran.output);
      CHECK(ran.status == 1);
      CHECK(ran.output.find("There is no store in") != std::string::npos);
      CHECK(std::filesystem::exists(scratch / "none/segments") == false);
      CHECK(std::filesystem::exists(scratch / "none/data.mdb") == empty);
    }
  }
}

TEST_CASE("import refuses what is wrong, names file, line and reason, and takes the rest") {
  const tests::Scratch scratch;
  write_file(scratch / "a.ndjson",
             patient("p1") + "\n" + patient("p2", R"(,"gender":"martian")") + "\n{\"resourceType\":\"Patient\",\n" +
                 patient("p3") + "\n" + R"({"resourceType":"Nothing","id":"x"})" + "\n[]\n" +
                 patient("p4", R"(,"birthDate":"2000-13-40")") + "\n" +
                 observation("o1", "Practitioner?identifier=http://nowhere|1") + "\n" + patient("p5") + "\n");
  write_file(scratch / "t.json",
             bundle("transaction", {put("Patient/t1", patient("t1")), put("Patient/t2", patient("t2", R"(,"active":"yes")"))}));
  write_file(scratch / "broken.json", "{\"resourceType\":\"Patient\"");
  auto damaged = gzipped(patient("z1") + "\n" + patient("z2") + "\n");
  damaged.resize(damaged.size() - 12);
  write_file(scratch / "damaged.ndjson.gz", damaged);
  const auto got = import(scratch, {"a.ndjson", "t.json", "broken.json", "damaged.ndjson.gz"});
  INFO(got.ran.output);
  CHECK(got.ran.status == 1);
  for (const char* id : {"p1", "p3", "p5"}) CHECK(got.stored.count(std::string("Patient/") + id) == 1);
  for (const char* id : {"p4", "t1", "t2"}) CHECK(got.stored.count(std::string("Patient/") + id) == 0);
  CHECK(got.stored.count("Observation/o1") == 0);
  const auto reason = [&](const std::string& file, std::int64_t line) {
    for (const auto& row : got.refused) {
      if (row.line == line && row.file == (scratch / file).string()) return row.reason;
    }
    return std::string("(not reported)");
  };
  // A required binding is the validator's: what the tree itself forbids is refused here.
  CHECK_THAT(reason("a.ndjson", 3), !Catch::Equals("(not reported)"));
  CHECK_THAT(reason("a.ndjson", 5), Catch::Contains("Nothing"));
  CHECK_THAT(reason("a.ndjson", 6), !Catch::Equals("(not reported)"));
  CHECK_THAT(reason("a.ndjson", 7), Catch::Contains("2000-13-40"));
  CHECK_THAT(reason("a.ndjson", 8), Catch::Contains("http://nowhere|1"));
  CHECK_THAT(reason("t.json", 1), Catch::Contains("active"));
  CHECK_THAT(reason("broken.json", 1), !Catch::Equals("(not reported)"));
  CHECK(got.ran.output.find("damaged.ndjson.gz") != std::string::npos);
  CHECK(got.ran.output.find("import-refused.ndjson") != std::string::npos);
}

TEST_CASE("a resource of several megabytes and one beyond the limit are each dealt with") {
  const tests::Scratch scratch;
  const std::string note(8u << 20, 'n');
  write_file(scratch / "big.ndjson", patient("big", R"(,"name":[{"text":")" + note + "\"}]") + "\n" + patient("small") + "\n");
  const auto got = import(scratch, {"big.ndjson"});
  INFO(got.ran.output.substr(0, 2000));
  CHECK(got.ran.status == 0);
  CHECK(got.stored.count("Patient/small") == 1);
  REQUIRE(got.stored.count("Patient/big") == 1);
  CHECK(got.stored.at("Patient/big").size() > note.size());
}

TEST_CASE("wrong usage exits with 2 and says what is wrong") {
  const tests::Scratch scratch;
  struct Row {
    std::vector<std::string> arguments;
    const char* said;
  };
  const Row rows[] = {{{}, "serve"},
                      {{"fly"}, "fly"},
                      {{"serve", "--wings"}, "--wings"},
                      {{"serve", "--port", "seventy"}, "seventy"},
                      {{"import"}, "files"},
                      {{"import", "/no/such/file.json"}, "/no/such/file.json"},
                      {{"export", "--data", "/no/such/folder", "--out", (scratch / "x").string()}, "/no/such/folder"},
                      {{"backup"}, "--out"}};
  for (const auto& row : rows) {
    const auto ran = tests::kiln(row.arguments);
    INFO(row.said << ": " << ran.output);
    CHECK(ran.status == 2);
    CHECK(ran.output.find(row.said) != std::string::npos);
  }
  const auto help = tests::kiln({"--help"});
  CHECK(help.status == 0);
  for (const char* command : {"serve", "import", "export", "check", "backup"})
    CHECK(help.output.find(command) != std::string::npos);
}

TEST_CASE("the demo's patients go in, once, and are found") {
  const tests::Scratch scratch;
  const auto data = (scratch / "data").string();
  const std::string demo = KILN_SOURCE_DIR "/fhir/demo.ndjson";
  const auto first = tests::kiln({"import", "--data", data, "--continue", demo});
  INFO(first.output);
  REQUIRE(first.status == 0);
  REQUIRE(tests::kiln({"import", "--data", data, "--continue", demo}).status == 0);
  tests::Served served(data);
  commands_test::Asking server(served.url());
  CHECK(server.count("Patient") == 10);
  CHECK(server.count("Patient?name=muller") == 1);
  CHECK(server.count("Observation?code=http://loinc.org%7C8867-4&patient=demo-ada") == 1);
  CHECK(server.count("Observation?combo-code-value-quantity=http://loinc.org%7C8480-6$gt120") > 0);
  const auto history = server.ask("GET", "/Patient/demo-ada/_history").body;
  CHECK(history.find("\"versionId\":\"2\"") == std::string::npos);
}
