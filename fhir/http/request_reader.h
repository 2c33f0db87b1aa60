// RequestReader: Beast's HTTP/1.1 parser filling a rest::Request directly. One request, then reset by making a new one.
//
// RFC 9112. Beast refuses two lengths and a length beside chunked coding; a Transfer-Encoding that leaves the body's end open is
// refused here, else the body would be read as the next request. Trailers are no headers: they are dropped.
#pragma once

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "fhir/http/origin.h"
#include "fhir/rest/service.h"

namespace http {

class RequestReader final : public boost::beast::http::basic_parser<true> {
 public:
  static constexpr std::size_t most_fields = 256;  // of a header: each takes more memory than a short line's bytes

  rest::Request request;
  bool expects_continue = false;
  bool unknown_coding = false;  // a transfer coding before chunked
  unsigned hosts = 0;
  bool host_wrong = false;  // what it names can be no host
  bool many_fields = false;
  int version = 11;  // 10 or 11
  // Set before the first byte; at the header's end the endpoint says where the body goes and how much of it may come. Null: it is
  // kept.
  rest::Endpoint* endpoint = nullptr;
  std::uint64_t limit = 0;     // of the body
  std::uint64_t received = 0;  // of the body

  // Bytes of the header, its first line included, and of a chunk's extension and of the trailer; to be set before the first byte.
  void limit_header(std::uint32_t bytes) {
    most_header_ = bytes;
    header_limit(bytes);
  }

  // Of a first line that does not come to its end: the target as far as it has come, for the form that its refusal is to have.
  void take_cut_line(std::string_view text) {
    const auto space = text.find(' ');
    if (space != std::string_view::npos)
      request.target = text.substr(space + 1, text.find_first_of(" \r\n", space + 1) - space - 1);
  }

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  static std::string_view view(string_view text) { return {text.data(), text.size()}; }

  void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int http_version, error_code&) override {
    // Beast lets the fields have as much again where the whole header comes at once.
    const auto line = method.size() + target.size() + std::string_view("  HTTP/1.1\r\n").size();
    header_limit(line < most_header_ ? most_header_ - static_cast<std::uint32_t>(line) : 1);
    version = http_version;
    request.method = view(method);
    request.target = origin_form(view(target));
    request.headers.reserve(12);  // as many as clients send
  }
  // RFC 9112 3.2.2: a server takes `http://host/path` too. We serve one host: its name does not matter.
  static std::string origin_form(std::string_view target) {
    if (target.starts_with('/')) return std::string(target);
    const auto authority = target.find("://");
    if (authority == std::string_view::npos) return std::string(target);
    const string_view scheme(target.data(), authority);
    if (!boost::beast::iequals(scheme, "http") && !boost::beast::iequals(scheme, "https")) return std::string(target);
    const auto path = target.find_first_of("/?", authority + 3);
    if (path == std::string_view::npos) return "/";
    return (target[path] == '?' ? "/" : "") + std::string(target.substr(path));
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view text, string_view value, error_code& trouble) override {
    using boost::beast::http::field;
    if (is_header_done()) {  // RFC 9110 6.5.1: a trailer is not merged into the header
      trailer_ += text.size() + value.size() + std::string_view(": \r\n").size();
      if (trailer_ > most_header_) trouble = boost::beast::http::error::header_limit;
      return;
    }
    if (name == field::host) {
      ++hosts;
      host_wrong = host_wrong || !is_host(view(value));
    }
    if (name == field::expect && version >= 11 && boost::beast::iequals(value, "100-continue")) expects_continue = true;
    if (name == field::transfer_encoding) {
      transfer_coded_ = true;
      if (!boost::beast::iequals(value, "chunked")) unknown_coding = true;
    }
    if (name == field::accept_encoding || name == field::content_encoding) {
      for (auto& [known, values] : request.headers) {  // RFC 9110 5.3: lines of one list are one list
        if (boost::beast::iequals(known, text)) {
          values.append(", ").append(view(value));
          return;
        }
      }
    }
    if (request.headers.size() == most_fields) {
      many_fields = true;
      trouble = boost::beast::http::error::header_limit;
      return;
    }
    request.headers.emplace_back(view(text), view(value));
  }
  // RFC 9112 6.1, 6.3: chunked comes last, no other coding is known here, and HTTP/1.0 has none.
  void on_header_impl(error_code& trouble) override {
    using boost::beast::http::error;
    if (transfer_coded_) {
      if (version < 11 || !chunked()) unknown_coding = false;
      if (version < 11 || !chunked() || unknown_coding) {
        trouble = error::bad_transfer_encoding;
        return;
      }
    }
    const auto length = content_length();
    if (!chunked() && (!length || *length == 0)) return;
    if (endpoint != nullptr) request.sink = endpoint->begin_body(request);
    if (request.sink) limit = request.sink->limit();
    if (length && *length > limit) trouble = error::body_limit;
  }
  std::size_t take(string_view body, error_code& trouble) {
    received += body.size();
    if (received > limit) {
      trouble = boost::beast::http::error::body_limit;
      return 0;
    }
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // A declared length is not yet bytes received: reserve no more than a moderate part of it.
    if (length) request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
  }
  std::size_t on_body_impl(string_view body, error_code& trouble) override { return take(body, trouble); }
  void on_chunk_header_impl(std::uint64_t, string_view extension, error_code& trouble) override {
    if (extension.size() > most_header_) trouble = boost::beast::http::error::header_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& trouble) override { return take(body, trouble); }
  void on_finish_impl(error_code&) override {}

  bool transfer_coded_ = false;
  std::size_t trailer_ = 0;
  std::uint32_t most_header_ = 8192;  // as Beast has it
};

}  // namespace http
