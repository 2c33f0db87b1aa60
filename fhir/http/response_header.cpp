#include "fhir/http/response_header.h"

#include "fhir/rest/reason_phrase.h"

namespace http {

BodyFraming framing_of(const rest::Response& response, bool old_version) {
  using Kind = BodyFraming::Kind;
  if (response.status == 204 || response.status == 304) return {};
  if (!response.source) return {Kind::length, response.body ? response.body->size() : 0};
  if (const auto length = response.source->length()) return {Kind::length, *length};
  return {old_version ? Kind::until_close : Kind::chunked};
}

void append_header(std::string& out, const rest::Response& response, const BodyFraming& framing, std::string_view date,
                   std::string_view vary, bool keep_alive, bool old_version) {
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += rest::reason_phrase(response.status);
  out += "\r\nServer: kiln\r\nDate: ";
  out += date;
  out += vary;
  for (const auto& [name, value] : response.headers) {
    out += "\r\n";
    out += name;
    out += ": ";
    // Header values come from requests too (X-Request-Id, Location): no control character leaves in one.
    const auto from = out.size();
    out += value;
    for (auto i = from; i < out.size(); ++i) {
      if (static_cast<unsigned char>(out[i]) < 0x20) out[i] = ' ';
    }
  }
  if (framing.kind == BodyFraming::Kind::length) {
    out += "\r\nContent-Length: ";
    out += std::to_string(framing.length);
  } else if (framing.kind == BodyFraming::Kind::chunked) {
    out += "\r\nTransfer-Encoding: chunked";
  }
  if (!keep_alive) {
    out += "\r\nConnection: close";
  } else if (old_version) {
    out += "\r\nConnection: keep-alive";
  }
  out += "\r\n\r\n";
}

}  // namespace http
