#include "fhir/rest/once.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "fhir/rest/binary_content.h"
#include "fhir/rest/conditional.h"
#include "fhir/rest/failures.h"
#include "fhir/rest/header_text.h"
#include "fhir/rest/provenance.h"
#include "fhir/rest/routes.h"
#include "fhir/rest/write.h"
#include "store/bytes.h"

namespace rest {
namespace {

using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::string_view header_name = "Idempotency-Key", replayed_name = "Idempotent-Replayed";
constexpr std::size_t most_key_characters = 255;

// SHA-256 over parts, each with its length before it.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::runtime_error("no SHA-256");
  }
  Digest& add(std::string_view part) {
    std::string length;
    store::append_varint(length, part.size());
    update(length);
    update(part);
    return *this;
  }
  std::string end() {
    std::string out(32, '\0');
    if (EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), nullptr) != 1)
      throw std::runtime_error("no SHA-256");
    return out;
  }

 private:
  void update(std::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw std::runtime_error("no SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

model::Failure no_key(std::string why) {
  return failure(FailureKind::bad_request, IssueCode::value, "Idempotency-Key " + std::move(why));
}

// The draft has a structured field's string (RFC 8941 3.3.3); most clients send it bare. Both name the same key.
model::Result<std::string> parse_key(std::string_view text) {
  std::string key;
  if (text.starts_with('"')) {
    std::size_t at = 1;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\' && ++at == text.size()) break;
      key.push_back(text[at]);
    }
    if (at + 1 != text.size()) return no_key("is no quoted string: it must end with its closing quote");
  } else {
    key = text;
    if (key.find_first_of("\",;") != std::string::npos) return no_key("must be quoted if it has a quote, a comma or a semicolon");
  }
  if (key.empty() || key.size() > most_key_characters)
    return no_key("must have 1 to " + std::to_string(most_key_characters) + " characters");
  for (const char c : key) {
    if (c < 0x20 || c > 0x7e || (c == ' ' && !text.starts_with('"'))) return no_key("must be of visible ASCII characters");
  }
  return key;
}

// Who keys belong to: whatever Access names a client by. One name space as long as it names none.
std::string_view owner(const search::Access&) { return {}; }

// All that decides the answer: what is asked, under which conditions, and in which form it is to be answered.
std::string request_digest(const Exchange& exchange) {
  static constexpr std::array<std::string_view, 6> deciding{"Content-Type",  "If-Match",          "If-None-Match",
                                                            "If-None-Exist", "If-Modified-Since", "X-Provenance"};
  const auto& request = exchange.request;
  Digest digest;
  digest.add(request.method).add(request.target).add(request.body);
  if (exchange.content) digest.add(exchange.content->blob->blob.note);  // of what the body does not hold
  for (const auto name : deciding) digest.add(request.header(name));
  static constexpr std::array<std::string_view, 4> returns{"", "minimal", "representation", "OperationOutcome"};
  digest.add(returns.at(static_cast<std::size_t>(exchange.prefer.answer))).add(exchange.prefer.strict ? "strict" : "");
  digest.add(media_name(exchange.answer_as)).add(exchange.pretty ? "pretty" : "");
  // Only where there are any, so that a key stays good that an older build has kept: further lines, and a later header.
  const auto add_lines = [&](std::string_view name, std::size_t beyond) {
    std::size_t lines = 0;
    for (const auto& [sent, value] : request.headers) {
      if (equal_ignoring_case(sent, name) && ++lines > beyond) digest.add(name).add(value);
    }
  };
  for (const auto name : deciding) add_lines(name, 1);
  add_lines("If-Unmodified-Since", 0);
  return digest.end();
}

model::Result<std::shared_ptr<Once>> read_once(const Exchange& exchange) {
  const auto sent = only_value(exchange.request, header_name);
  if (!sent) return sent.error();
  auto key = parse_key(sent->value());
  if (!key) return key.error();
  auto once = std::make_shared<Once>();
  once->key = Digest().add(owner(exchange.access)).add(*key).end();
  once->request = request_digest(exchange);
  return once;
}

// A kept reply: its form, the request's digest (together store::reply_head), what the exchange adds to any answer, then the
// form's own.
enum class Form : char { answer = 1, marker = 2 };
enum class Body : char { none = 0, text = 1, version = 2 };

void append_text(std::string& out, std::string_view text) {
  store::append_varint(out, text.size());
  out.append(text);
}

std::string take_text(store::ByteReader& in) { return std::string(in.take(in.varint())); }

void append_list(std::string& out, const std::vector<std::string>& list) {
  store::append_varint(out, list.size());
  for (const auto& each : list) append_text(out, each);
}

std::vector<std::string> take_list(store::ByteReader& in) {
  std::vector<std::string> list;
  for (auto left = in.varint(); left > 0 && in.ok(); --left) list.push_back(take_text(in));
  return list;
}

std::string begin_reply(const Exchange& exchange, Form form) {
  std::string out(1, static_cast<char>(form));
  out.append(exchange.once->request);
  append_text(out, exchange.once->base_url);
  append_list(out, exchange.ignored);
  append_list(out, exchange.remarks);
  store::append_varint(out, exchange.provenance && exchange.provenance->made ? exchange.provenance->made->document : 0);
  return out;
}

std::string encode_answer(const Exchange& exchange, const Response& response) {
  if (response.source) throw std::logic_error("the answer to a write with an Idempotency-Key must not be a stream");
  std::string out = begin_reply(exchange, Form::answer);
  store::append_varint(out, static_cast<std::uint64_t>(response.status));
  store::append_varint(out, static_cast<std::uint64_t>(response.last_modified));
  append_text(out, response.content_type);
  store::append_varint(out, response.headers.size());
  for (const auto& [name, value] : response.headers) {
    append_text(out, name);
    append_text(out, value);
  }
  const auto body = response.shown != 0 ? Body::version : response.body ? Body::text : Body::none;
  out.push_back(static_cast<char>(body));
  if (body == Body::version) store::append_varint(out, response.shown);
  if (body == Body::text) append_text(out, *response.body);
  // By these an erasure finds it.
  if (response.status >= 400 && !exchange.once->quoted.empty()) append_list(out, exchange.once->quoted);
  return out;
}

bool decode_answer(store::ByteReader& in, Kept& kept) {
  Response response;
  response.status = static_cast<int>(in.varint());
  response.last_modified = static_cast<std::int64_t>(in.varint());
  response.content_type = take_text(in);
  for (auto left = in.varint(); left > 0 && in.ok(); --left) {
    auto name = take_text(in);
    response.headers.emplace_back(std::move(name), take_text(in));
  }
  const auto body = static_cast<Body>(in.byte());
  if (body == Body::version) response.shown = in.varint();
  if (body == Body::text) response.body = std::make_shared<const std::string>(take_text(in));
  kept.answer = std::move(response);
  if (!in.done()) take_list(in);  // what it quotes
  return in.done();
}

// Reads a reply into `once.kept`. 422 if it is of another request.
model::Result<void> take_reply(Once& once, std::string_view reply) {
  store::ByteReader in(reply);
  const auto form = static_cast<Form>(in.byte());
  // draft-ietf-httpapi-idempotency-key-header-06 2.7
  if (in.take(once.request.size()) != once.request) {
    return failure(
        FailureKind::unprocessable, IssueCode::business_rule,
        "This Idempotency-Key was used for another request; a key belongs to one request and its repetitions. Send a new "
        "key with a new request");
  }
  Kept kept;
  if (in.rest().empty()) {  // cut by an erasure of what it told of
    kept.answer = erased_since();
    once.kept = std::move(kept);
    return {};
  }
  kept.base_url = take_text(in);
  kept.ignored = take_list(in);
  kept.remarks = take_list(in);
  kept.provenance = in.varint();
  if (form == Form::marker && in.ok()) {
    kept.marker = in.rest();
  } else if (form != Form::answer || !decode_answer(in, kept)) {
    throw std::runtime_error("the answer that was kept for an Idempotency-Key does not read");
  }
  once.kept = std::move(kept);
  return {};
}

}  // namespace

bool carries_key(const Exchange& exchange) {
  if (exchange.once) return true;
  const auto& request = exchange.request;
  if (request.method == "GET" || request.method == "HEAD" || takes_form(exchange.target.shape)) return false;
  for (const auto& header : request.headers) {
    if (equal_ignoring_case(header.first, header_name)) return true;
  }
  return false;
}

void carry_out_once(const Context& context, ExchangePtr exchange, Done done) {
  if (!exchange->once) {
    auto read = read_once(*exchange);
    if (!read) return done(failure_response(read.error()));
    exchange->once = std::move(*read);
  }
  exchange->once->base_url = base_url(context, *exchange);
  if (const auto reply = context.store.find_reply(exchange->once->key)) {
    if (auto taken = take_reply(*exchange->once, *reply); !taken) return done(failure_response(taken.error()));
    if (exchange->once->kept->answer) return done(replayed(context, *exchange));
  }
  const auto* route = exchange->route;
  route->handler(context, std::move(exchange), std::move(done));
}

std::shared_ptr<Once> once_for_part(const Once& whole, std::size_t part) {
  auto once = std::make_shared<Once>();
  once->key = Digest().add(whole.key).add(std::to_string(part)).end();
  once->request = whole.request;
  return once;
}

model::Result<bool> find_kept(Once& once, const store::WriteContext& writer) {
  const auto reply = writer.find_reply(once.key);
  if (!reply) return false;
  if (auto taken = take_reply(once, *reply); !taken) return taken.error();
  return true;
}

void keep_answer(const Exchange& exchange, store::WriteContext& writer, const Response& response) {
  writer.keep_reply(exchange.once->key, encode_answer(exchange, response));
}

void keep_marker(const Exchange& exchange, store::WriteContext& writer, std::string_view marker) {
  writer.keep_reply(exchange.once->key, begin_reply(exchange, Form::marker).append(marker));
}

bool is_final(FailureKind kind) {
  const int status = status_of(kind);
  return status < 500 && status != 409 && status != 429;
}

void mark_replayed(Response& response) { response.headers.emplace_back(replayed_name, "true"); }

bool was_replayed(const Response& response) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [](const auto& each) { return each.first == replayed_name; });
}

void restore_headers(const Context& context, Exchange& exchange) {
  const Kept& kept = *exchange.once->kept;
  exchange.request.base_url = kept.base_url;
  exchange.ignored = kept.ignored;
  exchange.remarks = kept.remarks;
  if (exchange.provenance) exchange.provenance->made = kept.provenance == 0 ? std::nullopt : context.store.at(kept.provenance);
}

Response erased_since() {
  return failure_response(failure(FailureKind::gone, IssueCode::deleted,
                                  "The request was carried out before; what its answer told of has been erased since"));
}

Response replayed(const Context& context, Exchange& exchange) {
  const Kept& kept = *exchange.once->kept;
  Response response = *kept.answer;
  restore_headers(context, exchange);
  if (response.shown != 0) {
    const auto rendered = context.store.render(response.shown);
    if (!rendered || rendered->version.deleted()) {
      response = erased_since();
    } else {
      response.body = rendered->body;
    }
  }
  mark_replayed(response);
  return response;
}

store::Operation carried_out_once(const ExchangePtr& exchange, store::Operation operation, std::function<Response()> answer) {
  if (!exchange->once) return operation;
  return [exchange, operation = std::move(operation),
          answer = std::move(answer)](store::WriteContext& writer) -> model::Result<void> {
    const auto found = find_kept(*exchange->once, writer);
    if (!found) return found.error();
    if (*found) return {};
    auto result = operation(writer);
    if (result) {
      keep_answer(*exchange, writer, answer());
    } else if (is_final(result.error().kind)) {
      keep_answer(*exchange, writer, failure_response(result.error()));
    }
    return result;
  };
}

Response answer_once(const Context& context, Exchange& exchange, const std::function<Response()>& answer) {
  return exchange.once && exchange.once->kept ? replayed(context, exchange) : answer();
}

void submit_once(const Context& context, const ExchangePtr& exchange, store::Operation operation,
                 std::function<Response()> answer, Done done) {
  auto only_once = carried_out_once(exchange, std::move(operation), answer);
  context.store.submit(std::move(only_once), exchange->lane,
                       completion(std::move(done), [&context, exchange, answer = std::move(answer)] {
                         return answer_once(context, *exchange, answer);
                       }));
}

void refuse_once(const Context& context, const ExchangePtr& exchange, const model::Failure& failure, Done done) {
  submit_once(
      context, exchange, [failure](store::WriteContext&) -> model::Result<void> { return failure; }, {}, std::move(done));
}

}  // namespace rest
