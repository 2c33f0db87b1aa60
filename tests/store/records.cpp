// The bytes of README.md's worked example, packing, and the arithmetic of jumps.

#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "store/bytes.h"
#include "store/packer.h"
#include "store/record.h"
#include "store/type_chain.h"
#include "tests/store/support.h"

using namespace store;

namespace {

std::string hex(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::int64_t clock_of_example() { return 1767225600000; }

}  // namespace

TEST_CASE("crc32c is that of RFC 3720") {
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c("123456789") == 0xe3069283);
  CHECK(crc32c("") == 0);
}

TEST_CASE("records are byte for byte as README.md shows them") {
  StoreOptions options;
  options.clock = clock_of_example;
  const auto store = tests::open_store(make_memory_engine(), options);
  Draft created = tests::draft(*store, "Patient", "p1", "");
  const std::string body = R"({"resourceType":"Patient","id":"p1","active":true})";
  created.body = store->pack(body);
  created.method = Method::put;
  REQUIRE(store->write(tests::put(created)));
  REQUIRE(store->write(tests::put(tests::removal("Patient", "p1"))));
  const auto snapshot = store->engine().snapshot();
  const auto bytes = [&](Space space, std::string_view key) { return hex(snapshot->get(space, key).value_or("none")); };
  const auto first = document_key(1), second = document_key(2);
  CHECK(hex(view(first)) == "0000000000000001");
  CHECK(bytes(Space::documents, view(first)) ==
        "0336bf45"
        "09"
        "01"
        "01"
        "00"
        "80d0eab6b733"
        "00"
        "00"
        "00"
        "24"
        "027031"
        "00" +
            hex(body));
  CHECK(bytes(Space::documents, view(second)) ==
        "e5c2f07b"
        "03"
        "01"
        "02"
        "00"
        "80d0eab6b733"
        "01"
        "01"
        "01"
        "00"
        "027031");
  CHECK(hex(resource_key(1, "p1")) == "017031");
  CHECK(bytes(Space::ids, resource_key(1, "p1")) == "020203");
  CHECK(bytes(Space::meta, "format") == "02");
  CHECK(bytes(Space::meta, "types") == hex("Patient\n"));
  CHECK(bytes(Space::meta, "heads") == "0101");
  CHECK(bytes(Space::meta, "counts") == "0101");
  CHECK(hex(mark_key(1, 2)) == "010000000000000002");
  CHECK(
      *store->render(1)->body ==
      R"({"resourceType":"Patient","id":"p1","meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z"},"active":true})");
}

TEST_CASE("records and keys come back as they were, and nothing else decodes") {
  std::mt19937_64 random(tests::random_seed("records"));
  for (int i = 0; i < 2000; ++i) {
    Header header;
    header.type = static_cast<TypeNumber>(1 + random() % max_type_number);
    header.method = static_cast<Method>(random() % 4);
    header.hole = {static_cast<std::uint32_t>(random()), static_cast<std::uint8_t>(random() % 4)};
    header.version = 1 + (random() >> random() % 64);
    header.document = 1 + (random() >> (1 + random() % 63));
    header.commit = 1 + random() % header.document;
    const auto below = [&] { return random() % 3 == 0 ? 0 : random() % header.document; };
    header.previous = below(), header.jump = below(), header.type_previous = below();
    header.last_updated = static_cast<std::int64_t>(random() >> (1 + random() % 60));
    const std::string id(1 + random() % 255, 'i'), packed(random() % 50, 'p');
    std::string bytes = encode_record(header, id, packed);
    Record record;
    REQUIRE(decode_record(header.document, bytes, record));
    const Header& found = record.header;
    REQUIRE(std::tie(found.type, found.method, found.hole.offset, found.hole.kind, found.version, found.document, found.commit,
                     found.previous, found.jump, found.type_previous, found.last_updated) ==
            std::tie(header.type, header.method, header.hole.offset, header.hole.kind, header.version, header.document,
                     header.commit, header.previous, header.jump, header.type_previous, header.last_updated));
    REQUIRE(record.id == id);
    REQUIRE(record.packed == packed);
    REQUIRE_FALSE(decode_record(header.document, std::string_view(bytes).substr(0, random() % bytes.size()), record));
    bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 7);
    REQUIRE_FALSE(decode_record(header.document, bytes, record));
    // Bytes with a right checksum and any content do not crash.
    std::string noise(4 + random() % 40, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const std::uint32_t sum = crc32c(std::string_view(noise).substr(4));
    std::memcpy(noise.data(), &sum, 4);
    if (decode_record(1 + random() % 1000, noise, record)) REQUIRE_FALSE(record.id.empty());
    std::string_view key;
    const std::string resource = resource_key(header.type, id);
    key = resource;
    REQUIRE(take_type(key) == header.type);
    REQUIRE(key == id);
    REQUIRE(parse_document_key(view(document_key(header.document))) == header.document);
  }
}

TEST_CASE("keys of resources order by type, then by id") {
  for (unsigned type = 1; type < max_type_number; ++type) {
    REQUIRE(resource_key(static_cast<TypeNumber>(type), "zzz") < resource_key(static_cast<TypeNumber>(type + 1), "A"));
  }
}

TEST_CASE("jumps follow skew-binary numbers: any version is a few steps from any later one") {
  std::vector<std::uint64_t> jump = {0, 0};
  for (std::uint64_t version = 2; version <= 5000; ++version) {
    const std::uint64_t p = version - 1, j = jump[p];
    jump.push_back(p - j == j - jump[j] ? jump[j] : p);
  }
  for (std::uint64_t version = 1; version <= 5000; ++version) REQUIRE(jump_version(version) == jump[version]);
  CHECK(jump_version(~std::uint64_t{0}) == 0);
  for (std::uint64_t target = 1; target <= 5000; ++target) {
    int steps = 0;
    for (std::uint64_t at = 5000; at > target; ++steps) at = jump[at] >= target ? jump[at] : at - 1;
    REQUIRE(steps <= 30);
  }
}

TEST_CASE("bodies pack and unpack, with and without dictionaries") {
  std::mt19937_64 random(tests::random_seed("packing"));
  Packer packer;
  std::vector<std::pair<std::string, std::string>> packed;
  std::vector<std::string> samples;
  const auto sample = [&] {
    std::string body =
        R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")";
    body += std::to_string(random() % 100000) + R"("}]},"subject":{"reference":"Patient/)" + std::to_string(random()) + "\"}}";
    return body;
  };
  for (int i = 0; i < 1000; ++i) samples.push_back(sample());
  for (int dictionaries = 0; dictionaries < 3; ++dictionaries) {
    REQUIRE(packer.dictionaries() == static_cast<std::size_t>(dictionaries));
    std::string incompressible(3000, '\0');
    for (char& c : incompressible) c = static_cast<char>(random());
    for (const std::string& body : {std::string("{}"), std::string(), sample(), std::string(3000000, 'x'), incompressible}) {
      packed.emplace_back(packer.pack(body), body);
      CHECK(packed.back().first.size() <= body.size() + 1);
    }
    if (dictionaries > 0) CHECK(packer.pack(sample()).size() < 60);
    for (const auto& [bytes, body] : packed) {
      std::string out = "before";
      REQUIRE(packer.unpack(bytes, out, 100));
      REQUIRE(out == body);
      CHECK(out.capacity() >= body.size() + 100);
    }
    const std::string dictionary = train_dictionary(samples);
    REQUIRE_FALSE(dictionary.empty());
    REQUIRE(packer.add_dictionary(dictionary));
  }
  std::string out;
  CHECK_FALSE(packer.unpack("", out));
  CHECK_FALSE(packer.unpack("\x01", out));
  CHECK_FALSE(packer.unpack("\x01{}", out));
  std::string other = packer.pack(sample());
  other[0] = 60;  // a dictionary that is not there
  CHECK_FALSE(packer.unpack(other, out));
  CHECK(train_dictionary({}).empty());
}

TEST_CASE("a store trains dictionaries from its own bodies, and reads old ones with the old") {
  tests::TemporaryDirectory directory;
  StoreOptions options;
  options.training = {300, 900};
  const auto trained = [](Store& store, const char* key) {
    for (int i = 0; i < 2000; ++i) {
      if (store.engine().snapshot()->get(Space::meta, key)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  };
  const auto text = [](int i) { return "the quick brown fox jumps over the lazy dog " + std::to_string(i * 7919 % 100003); };
  int written = 0;
  auto store = tests::open_lmdb_store(directory.path(), options);
  const auto write = [&](int count) {
    tests::Hold hold(*store);
    for (int i = 0; i < count; ++i, ++written) {
      store->submit(tests::put(tests::draft(*store, "Patient", "p" + std::to_string(written), text(written))), Lane::normal,
                    [](const model::Result<Commit>&) {});
    }
  };
  write(250);
  const std::size_t before = store->pack(tests::stored_body("Patient", "p1", text(1))).size();
  write(100);
  REQUIRE(trained(*store, "dictionary.2"));
  for (int i = 0; i < 1000 && store->pack(tests::stored_body("Patient", "p1", text(1)))[0] != 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(store->pack(tests::stored_body("Patient", "p1", text(1))).size() < before / 2);
  write(700);
  REQUIRE(trained(*store, "dictionary.3"));
  write(100);
  for (int pass = 0; pass < 2; ++pass) {
    store->write([](WriteContext&) -> model::Result<void> { return {}; });
    for (int i = 0; i < written; ++i) {
      const auto found = store->read(tests::type("Patient"), "p" + std::to_string(i));
      REQUIRE(found);
      REQUIRE(*found->body == tests::sent_body("Patient", found->version.id, text(i), found->version));
    }
    CHECK(store->check().faults.empty());
    store.reset();
    store = tests::open_lmdb_store(directory.path(), options);
  }
}
