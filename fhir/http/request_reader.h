// RequestReader: Beast's HTTP/1.1 parser filling a rest::Request directly. One request, then reset by making a new one.
//
// RFC 9112. Beast refuses what smuggling needs: two lengths, a length beside chunked coding, obsolete folding before a colon.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "fhir/rest/service.h"

namespace http {

class RequestReader final : public boost::beast::http::basic_parser<true> {
 public:
  rest::Request request;
  bool expects_continue = false;
  unsigned hosts = 0;
  int version = 11;  // 10 or 11

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  static std::string_view view(string_view text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int http_version, error_code&) override {
    version = http_version;
    request.method = view(method);
    request.target = view(target);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view text, string_view value, error_code&) override {
    if (name == boost::beast::http::field::host) ++hosts;
    if (name == boost::beast::http::field::expect && boost::beast::iequals(value, "100-continue")) expects_continue = true;
    request.headers.emplace_back(view(text), view(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // A declared length is not yet bytes received: reserve no more than a moderate part of it.
    if (length) request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
  }
  std::size_t on_body_impl(string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

}  // namespace http
