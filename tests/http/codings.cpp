// Content codings both ways: RFC 9110 8.4, 12.5.3, 15.5.16. What unfolds is bounded, what is damaged is refused.

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>

#include <random>

#include "fhir/http/content_coding.h"
#include "tests/http/support.h"

namespace {

using namespace http_test;
using model::FailureKind;

constexpr std::string_view names[] = {"gzip", "deflate", "br", "zstd"};

std::string encode(std::string_view name, std::string_view content) {
  const auto choice = http::choose_coding(name);
  REQUIRE(choice.coding != nullptr);
  REQUIRE(choice.coding->name == name);
  return choice.coding->encode(content).value();
}

std::string bare_deflate(std::string_view content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// As an encoder that does not know the size writes it: the window stands in the frame's header.
std::string zstd_frame(std::string_view content, int window_log) {
  auto* encoder = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(encoder, ZSTD_c_contentSizeFlag, 0);
  std::string out(ZSTD_compressBound(content.size()) + 64, '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{content.data(), content.size(), 0};
  ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_continue);
  while (ZSTD_compressStream2(encoder, &to, &from, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(encoder);
  out.resize(to.pos);
  return out;
}

std::string brotli_stream(std::string_view content, std::uint32_t window_bits, bool large) {
  auto* encoder = BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LARGE_WINDOW, large ? 1 : 0);
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LGWIN, window_bits);
  BrotliEncoderSetParameter(encoder, BROTLI_PARAM_QUALITY, 5);
  std::string out(BrotliEncoderMaxCompressedSize(content.size()) + 64, '\0');
  auto left = content.size(), room = out.size();
  auto* next = reinterpret_cast<const std::uint8_t*>(content.data());
  auto* to = reinterpret_cast<std::uint8_t*>(out.data());
  BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FINISH, &left, &next, &room, &to, nullptr);
  out.resize(out.size() - room);
  BrotliEncoderDestroyInstance(encoder);
  return out;
}

// What the decoder says: the content, or "413", "415", "400".
std::string decoded(std::string body, std::string_view coding, std::uint64_t limit = 1u << 20) {
  auto result = http::decode_content(std::move(body), coding, limit);
  if (result) return std::move(*result);
  switch (result.error().kind) {
    case FailureKind::too_large:
      return "413";
    case FailureKind::unsupported_media:
      return "415";
    case FailureKind::bad_request:
      return "400";
    default:
      return "?";
  }
}

std::string patient_of(std::size_t bytes) {
  std::string text = R"({"resourceType":"Patient","name":[{"text":")";
  while (text.size() < bytes) text += "Anna Berta " + std::to_string(text.size());
  return text + "\"}]}";
}

TEST_CASE("every coding is undone, alone and two of them", "[coding]") {
  const std::string content = patient_of(5000);
  for (const auto name : names) {
    INFO(name);
    CHECK(decoded(encode(name, content), name) == content);
    for (const auto outer : names) {
      CHECK(decoded(encode(outer, encode(name, content)), std::string(name) + ", " + std::string(outer)) == content);
    }
    CHECK(decoded(encode(name, ""), name).empty());
  }
  CHECK(decoded(encode("gzip", content), "X-GZIP") == content);
  CHECK(decoded(content, "identity") == content);
  CHECK(decoded(encode("gzip", content), "identity, gzip, identity") == content);
  CHECK(decoded(content, " , ") == content);
  CHECK(decoded(bare_deflate(content), "deflate") == content);                                   // RFC 9110 8.4.1.2, the note
  CHECK(decoded(encode("gzip", content) + encode("gzip", "more"), "gzip") == content + "more");  // RFC 1952 2.2
  CHECK(decoded(encode("zstd", content) + encode("zstd", "more"), "zstd") == content + "more");  // RFC 8878 3.1
}

TEST_CASE("codings that are not known, or too many of them, are named", "[coding]") {
  CHECK(decoded("x", "compress") == "415");
  CHECK(decoded("x", "gzip, snappy") == "415");
  CHECK(decoded("x", "gzip, gzip, gzip") == "415");
  CHECK(decoded("x", "*") == "415");
}

TEST_CASE("what is damaged is refused, wherever it breaks off", "[coding]") {
  const std::string content = patient_of(3000);
  for (const auto name : names) {
    INFO(name);
    const auto whole = encode(name, content);
    for (std::size_t length = 1; length < whole.size(); ++length) {
      INFO(length);
      REQUIRE(decoded(whole.substr(0, length), name) == "400");
    }
    CHECK(decoded(whole + "x", name) == "400");
    CHECK(decoded("no such thing at all", name) == "400");
  }
  CHECK(decoded(encode("deflate", content), "gzip") == "400");
}

TEST_CASE("bytes at random and changed at random: an answer, whatever it is, within the limit", "[coding]") {
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  INFO("KILN_SEED=" << seed);
  const std::string content = patient_of(2000);
  for (const auto name : names) {
    const auto whole = encode(name, content);
    for (int round = 0; round < 2000; ++round) {
      auto text = whole;
      for (int change = 0; change < 1 + round % 4; ++change) text[random() % text.size()] = static_cast<char>(random());
      const auto result = http::decode_content(text, name, 10'000);
      if (result) CHECK(result->size() <= 10'000);
      std::string noise(1 + random() % 200, '\0');
      for (auto& byte : noise) byte = static_cast<char>(random());
      const auto other = http::decode_content(noise, name, 10'000);
      if (other) CHECK(other->size() <= 10'000);
    }
  }
}

TEST_CASE("bombs are found while they unfold", "[coding]") {
  constexpr std::size_t limit = 1u << 20;
  const std::string zeros(64u << 20, '\0');
  for (const auto name : names) {
    INFO(name);
    const auto bomb = encode(name, zeros);
    REQUIRE(bomb.size() < 100'000);
    CHECK(decoded(bomb, name, limit) == "413");
    CHECK(decoded(encode(name, bomb), std::string(name) + "," + std::string(name), limit) == "413");
    // As large as it may be, and a byte more.
    CHECK(decoded(encode(name, std::string(limit, ' ')), name, limit).size() == limit);
    CHECK(decoded(encode(name, std::string(limit + 1, ' ')), name, limit) == "413");
    CHECK(decoded(encode(name, "x"), name, 0) == "413");
    CHECK(decoded(encode(name, ""), name, 0).empty());
  }
  // A great many empty members and frames cost no more than their bytes.
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += encode("gzip", "");
  CHECK(decoded(members, "gzip", limit).empty());
}

TEST_CASE("windows that would need much memory are refused", "[coding]") {
  const auto content = patient_of(100'000);
  CHECK(decoded(zstd_frame(content, 23), "zstd") == content);
  CHECK(decoded(zstd_frame(content, 24), "zstd") == "400");  // RFC 9659: 8 MB
  CHECK(decoded(zstd_frame(content, 27), "zstd") == "400");
  CHECK(decoded(brotli_stream(content, 24, false), "br") == content);
  CHECK(decoded(brotli_stream(content, 26, true), "br") == "400");  // not RFC 7932
}

TEST_CASE("which coding an answer has, by Accept-Encoding", "[coding]") {
  struct Row {
    std::string_view accepts, chosen;  // empty: none
    bool plain;
  };
  // RFC 9110 12.5.3, 12.4.2
  static constexpr Row rows[] = {
      {"", "", true},
      {"gzip", "gzip", true},
      {"x-gzip", "gzip", true},
      {"GZIP", "gzip", true},
      {"deflate", "deflate", true},
      {"br", "br", true},
      {"gzip, deflate", "gzip", true},
      {"gzip, deflate, br", "br", true},
      {"gzip, deflate, br, zstd", "zstd", true},
      {"deflate, gzip;q=1.0, *;q=0.5", "gzip", true},
      {"gzip;q=0.5, deflate;q=0.8", "deflate", true},
      {"gzip;q=0.001", "gzip", true},
      {"gzip;q=0", "", true},
      {"gzip; Q=0.000", "", true},
      {"gzip;q=0, *", "zstd", true},
      {"*", "zstd", true},
      {"*;q=0", "", false},
      {"*;q=0, gzip", "gzip", false},
      {"identity;q=0", "", false},
      {"identity;q=0, br", "br", false},
      {"identity;q=0, *", "zstd", false},
      {"identity, *;q=0", "", true},
      {"identity;q=1, gzip;q=0.5", "", true},
      {"identity;q=0.5, gzip", "gzip", true},
      {"identity", "", true},
      {"snappy", "", true},
      {"snappy, identity;q=0", "", false},
      {", ,", "", true},
      {"gzip;q=x", "gzip", true},
      {"gzip;q=", "gzip", true},
      {"gzip;level=9;q=0", "", true},
  };
  for (const auto& row : rows) {
    INFO(row.accepts);
    const auto choice = http::choose_coding(row.accepts);
    CHECK((choice.coding ? choice.coding->name : std::string_view()) == row.chosen);
    CHECK(choice.plain == row.plain);
  }
}

TEST_CASE("bodies come and go in every coding", "[coding]") {
  http::ServerOptions options;
  options.max_body_bytes = 100'000;
  Serving serving(options);
  Raw raw(serving.port());
  const auto content = patient_of(6000);
  std::string id;
  for (const auto name : names) {
    INFO(name);
    raw.send(post("/fhir/Patient", encode(name, content),
                  "Content-Encoding: " + std::string(name) + "\r\nAccept-Encoding: " + std::string(name) + "\r\n"));
    const auto created = raw.read();
    REQUIRE(created.status == 201);
    CHECK(created.header("Content-Encoding") == name);
    CHECK(decoded(created.body, name).find("Anna Berta") != std::string::npos);
    const auto location = created.header("Location");
    const auto path = location.substr(location.find("/fhir/"), location.find("/_history") - location.find("/fhir/"));
    raw.send(get(path));
    const auto plain = raw.read();
    CHECK(plain.header("Content-Encoding").empty());
    raw.send(get(path, "Accept-Encoding: " + std::string(name) + "\r\n"));
    const auto coded = raw.read();
    CHECK(decoded(coded.body, name) == plain.body);
    CHECK(coded.body.size() < plain.body.size());
    // One tag for both, as it is weak; caches are told what both depend on.
    CHECK(coded.header("ETag") == plain.header("ETag"));
    for (const auto* answer : {&plain, &coded}) {
      CHECK(answer->header("Vary") == "Accept, Accept-Encoding");
      CHECK(answer->header("Cache-Control") == "no-cache");  // RFC 9111 4.2.2
    }
    raw.send(get(path, "Accept-Encoding: gzip\r\nIf-None-Match: " + plain.header("ETag") + "\r\n"));
    CHECK(raw.read().status == 304);
    // HEAD speaks of what GET sends.
    raw.send("HEAD " + path + " HTTP/1.1\r\nHost: h\r\nAccept-Encoding: " + std::string(name) + "\r\n\r\n");
    const auto head = raw.read(true);
    CHECK(head.header("Content-Encoding") == name);
    CHECK(head.header("Content-Length") == std::to_string(coded.body.size()));
  }
  // A small answer stays plain, unless nothing plain is taken.
  raw.send(post("/fhir/Patient", R"({"resourceType":"Patient"})", "Accept-Encoding: gzip\r\n"));
  CHECK(raw.read().header("Content-Encoding").empty());
  raw.send(post("/fhir/Patient", R"({"resourceType":"Patient"})", "Accept-Encoding: gzip, identity;q=0\r\n"));
  const auto forced = raw.read();
  CHECK(forced.header("Content-Encoding") == "gzip");
  CHECK(decoded(forced.body, "gzip").starts_with(R"({"resourceType":"Patient")"));
  // Before anything is done: what cannot be answered is not carried out.
  raw.send(post("/fhir/Patient", R"({"resourceType":"Patient"})", "Accept-Encoding: identity;q=0\r\n"));
  const auto refused = raw.read();
  CHECK(refused.status == 406);
  CHECK(is_outcome(refused));
}

TEST_CASE("an answer to a write comes in XML, in every coding, and as it was when it is asked for again", "[coding]") {
  Serving serving;
  Raw raw(serving.port());
  for (const auto name : names) {
    INFO(name);
    const auto request = post("/fhir/Patient", patient_of(6000),
                              "Accept: application/fhir+xml\r\nAccept-Encoding: " + std::string(name) +
                                  "\r\nIdempotency-Key: once-" + std::string(name) + "\r\n");
    raw.send(request + request);
    const auto first = raw.read(), again = raw.read();
    for (const auto* answer : {&first, &again}) {
      CHECK(answer->status == 201);
      CHECK(answer->header("Content-Type") == "application/fhir+xml; charset=utf-8");
      CHECK(answer->header("Content-Encoding") == name);
    }
    const auto text = decoded(first.body, name);
    CHECK(text.find("<Patient xmlns=\"http://hl7.org/fhir\">") != std::string::npos);
    CHECK(text.ends_with("</Patient>"));
    CHECK(decoded(again.body, name) == text);
    CHECK(again.header("Idempotent-Replayed") == "true");
  }
}

TEST_CASE("content that is sent in no coding is not sent to who refuses it plain", "[coding]") {
  Serving serving;
  Raw raw(serving.port());
  raw.send("PUT /fhir/Binary/b HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(raw.read().status == 201);
  raw.send(get("/fhir/Binary/b", "Accept-Encoding: gzip, identity;q=0\r\n"));
  const auto refused = raw.read();
  CHECK(refused.status == 406);
  CHECK(is_outcome(refused));
  raw.send(get("/fhir/Binary/b", "Accept-Encoding: gzip\r\n"));
  CHECK(raw.read().body == "hello");
  raw.send(get("/fhir/Binary/b", "Accept: application/fhir+json\r\nAccept-Encoding: gzip, identity;q=0\r\n"));
  const auto coded = raw.read();
  CHECK(coded.header("Content-Encoding") == "gzip");
  CHECK(decoded(coded.body, "gzip").find("aGVsbG8=") != std::string::npos);
}

TEST_CASE("codings that cannot be undone are refused as RFC 9110 has it", "[coding]") {
  http::ServerOptions options;
  options.max_body_bytes = 100'000;
  Serving serving(options);
  Raw raw(serving.port());
  raw.send(post("/fhir/Patient", "x", "Content-Encoding: snappy\r\n"));
  auto answer = raw.read();
  CHECK(answer.status == 415);
  CHECK(answer.header("Accept-Encoding") == "zstd, br, gzip, deflate");  // 15.5.16
  CHECK(is_outcome(answer));
  CHECK_FALSE(answer.header("X-Request-Id").empty());
  raw.send(
      post("/fhir/Patient", encode("zstd", std::string(200'000, ' ')), "Content-Encoding: zstd\r\nX-Request-Id: bomb-1\r\n"));
  answer = raw.read();
  CHECK(answer.status == 413);
  CHECK(is_outcome(answer));
  CHECK(answer.header("X-Request-Id") == "bomb-1");
  raw.send(post("/fhir/Patient", "{}", "Content-Encoding: br\r\n"));
  answer = raw.read();
  CHECK(answer.status == 400);
  CHECK(is_outcome(answer));
  // The connection goes on.
  raw.send(get("/fhir/metadata?_elements=x", "Accept-Encoding: zstd\r\n"));
  answer = raw.read();
  CHECK(answer.status == 200);
  CHECK(decoded(answer.body, "zstd", 64u << 20).find("CapabilityStatement") != std::string::npos);
}

}  // namespace
