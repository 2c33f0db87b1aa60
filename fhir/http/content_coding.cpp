#include "fhir/http/content_coding.h"

#include <algorithm>
#include <array>

#include "fhir/rest/header_text.h"

namespace http {
namespace {

using model::FailureKind;
using model::IssueCode;
using rest::equal_ignoring_case;
using rest::next_part;

constexpr std::size_t most_codings = 2;

// In the order in which we choose where the client likes several equally: by what is saved for the time it takes.
constexpr std::array<Coding, 4> codings{{
    {"zstd", "", zstd_decoder, encode_zstd},
    {"br", "", brotli_decoder, encode_brotli},
    {"gzip", "x-gzip", gzip_decoder, encode_gzip},
    {"deflate", "", deflate_decoder, encode_deflate},
}};

bool is_named(const Coding& coding, std::string_view name) {
  return equal_ignoring_case(coding.name, name) || (!coding.alias.empty() && equal_ignoring_case(coding.alias, name));
}

// In thousandths; RFC 9110 12.4.2. What is no weight counts as 1.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    auto value = next_part(parameters, ';');
    if (!equal_ignoring_case(next_part(value, '='), "q")) continue;
    if (value.empty() || (value[0] != '0' && value[0] != '1')) return 1000;
    int weight = (value[0] - '0') * 1000, unit = 100;
    for (std::size_t i = 2; i < value.size() && i < 5 && value[i] >= '0' && value[i] <= '9'; ++i, unit /= 10) {
      weight += (value[i] - '0') * unit;
    }
    return std::min(weight, 1000);
  }
  return 1000;
}

}  // namespace

model::Result<std::unique_ptr<ContentDecoder>> make_decoder(std::string_view content_encoding, std::uint64_t limit) {
  std::unique_ptr<ContentDecoder> decoder;
  std::size_t count = 0;
  while (!content_encoding.empty()) {
    const auto name = next_part(content_encoding, ',');
    if (name.empty() || equal_ignoring_case(name, "identity")) continue;
    const auto* found =
        std::find_if(codings.begin(), codings.end(), [&](const Coding& coding) { return is_named(coding, name); });
    if (found == codings.end()) {
      return model::failure(
          FailureKind::unsupported_media, IssueCode::not_supported,
          "Content-Encoding '" + std::string(name.substr(0, 60)) + "' is not supported; supported are " + known_codings());
    }
    if (++count > most_codings) {
      return model::failure(FailureKind::unsupported_media, IssueCode::not_supported, "At most two content codings are taken");
    }
    auto last = found->decoder(limit);
    decoder = decoder ? make_chain(std::move(last), std::move(decoder)) : std::move(last);
  }
  return decoder;
}

model::Result<std::string> decode_content(std::string body, std::string_view content_encoding, std::uint64_t limit) {
  const auto decoder = make_decoder(content_encoding, limit);
  if (!decoder) return decoder.error();
  if (!*decoder) return body;
  std::string content;
  content.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(limit, body.size() * 4)));
  (*decoder)->feed(std::move(body));
  for (bool more = true; more;) {
    const auto decoded = (*decoder)->decode(content);
    if (!decoded) return decoded.error();
    more = *decoded;
  }
  if (const auto ended = (*decoder)->end(); !ended) return ended.error();
  return content;
}

CodingChoice choose_coding(std::string_view accept_encoding) {
  CodingChoice choice;
  if (accept_encoding.empty()) return choice;
  constexpr int unnamed = -1;
  std::array<int, codings.size()> weights;
  weights.fill(unnamed);
  int identity = unnamed, others = unnamed;
  while (!accept_encoding.empty()) {
    auto parameters = next_part(accept_encoding, ',');
    const auto name = next_part(parameters, ';');
    const int weight = weight_of(parameters);
    if (name == "*") others = weight;
    if (equal_ignoring_case(name, "identity")) identity = weight;
    for (std::size_t i = 0; i < codings.size(); ++i) {
      if (is_named(codings[i], name)) weights[i] = weight;
    }
  }
  int best = 0;
  for (std::size_t i = 0; i < codings.size(); ++i) {
    const int weight = weights[i] == unnamed ? others : weights[i];
    if (weight <= best) continue;
    best = weight;
    choice.coding = &codings[i];
  }
  // RFC 9110 12.5.3: identity is taken unless it, or all that is not named, is refused.
  choice.plain = identity != 0 && !(identity == unnamed && others == 0);
  if (identity > best) choice.coding = nullptr;
  return choice;
}

const std::string& known_codings() {
  static const std::string names = [] {
    std::string out;
    for (const auto& coding : codings) out.append(out.empty() ? "" : ", ").append(coding.name);
    return out;
  }();
  return names;
}

}  // namespace http
