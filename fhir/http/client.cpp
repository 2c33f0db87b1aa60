#include "fhir/http/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

namespace http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Message = beast::http::request<beast::http::string_body>;

struct Address {
  bool tls = false;
  std::string host, port, path;
};

std::optional<Address> parse_url(std::string_view url) {
  Address address;
  if (url.starts_with("https://")) {
    address.tls = true;
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const auto slash = url.find('/');
  auto authority = url.substr(0, slash);
  if (slash != std::string_view::npos) address.path = url.substr(slash);
  while (address.path.ends_with('/')) address.path.pop_back();
  address.port = address.tls ? "443" : "80";
  if (const auto colon = authority.rfind(':');
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    address.port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  address.host = authority;
  if (address.host.empty()) return std::nullopt;
  return address;
}

model::Failure failed(const std::string& what) {
  return model::failure(model::FailureKind::unavailable, model::IssueCode::transient, what);
}

class BeastClient final : public Client {
 public:
  BeastClient(Address address, const std::string& ca_file) : address_(std::move(address)) {
    if (!address_.tls) return;
    error_code ignored;
    tls_.emplace(asio::ssl::context::tls_client);
    tls_->set_verify_mode(asio::ssl::verify_peer);
    if (ca_file.empty()) {
      tls_->set_default_verify_paths(ignored);
    } else {
      tls_->load_verify_file(ca_file, ignored);
    }
  }

  model::Result<ClientResponse> request(std::string_view method, std::string_view path, std::string_view body,
                                        const std::vector<std::pair<std::string, std::string>>& headers) override {
    Message message;
    message.method_string({method.data(), method.size()});
    const auto target = address_.path + std::string(path);
    message.target(target);
    message.set(beast::http::field::host, address_.host + ":" + address_.port);
    for (const auto& [name, value] : headers) message.set(name, value);
    message.body() = body;
    message.prepare_payload();
    return attempt(message);
  }

 private:
  model::Result<ClientResponse> attempt(const Message& message) {
    if (!connected_) {
      if (auto trouble = connect(); !trouble.empty()) return failed(trouble);
    }
    error_code trouble;
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(std::uint64_t{1} << 32);
    if (tls_) {
      beast::http::write(*secure_, message, trouble);
      if (!trouble) beast::http::read(*secure_, buffer_, parser, trouble);
    } else {
      beast::http::write(*plain_, message, trouble);
      if (!trouble) beast::http::read(*plain_, buffer_, parser, trouble);
    }
    if (trouble) {
      close();
      return failed("The connection to " + address_.host + ":" + address_.port + " broke: " + trouble.message());
    }
    if (!parser.keep_alive()) close();
    auto& got = parser.get();
    ClientResponse response{static_cast<int>(got.result_int()), {}, std::move(got.body())};
    for (const auto& field : got.base()) {
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return response;
  }

  std::string connect() {
    error_code trouble;
    tcp::resolver resolver(context_);
    const auto found = resolver.resolve(address_.host, address_.port, trouble);
    if (trouble) return "Cannot find " + address_.host + ": " + trouble.message();
    buffer_.clear();
    plain_.emplace(context_);
    asio::connect(*plain_, found, trouble);
    if (trouble) return "Cannot connect to " + address_.host + ":" + address_.port + ": " + trouble.message();
    plain_->set_option(tcp::no_delay(true), trouble);
    if (tls_) {
      secure_.emplace(std::move(*plain_), *tls_);
      SSL_set_tlsext_host_name(secure_->native_handle(), address_.host.c_str());
      secure_->set_verify_callback(asio::ssl::host_name_verification(address_.host));
      secure_->handshake(asio::ssl::stream_base::client, trouble);
      if (trouble) return "TLS with " + address_.host + " failed: " + trouble.message();
    }
    connected_ = true;
    return {};
  }

  void close() {
    connected_ = false;
    secure_.reset();
    plain_.reset();
  }

  Address address_;
  asio::io_context context_;
  std::optional<asio::ssl::context> tls_;
  std::optional<tcp::socket> plain_;
  std::optional<asio::ssl::stream<tcp::socket>> secure_;
  beast::flat_buffer buffer_;
  bool connected_ = false;
};

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
  }
  return {};
}

model::Result<std::unique_ptr<Client>> Client::make(const std::string& url, const std::string& ca_file) {
  auto address = parse_url(url);
  if (!address) {
    return model::failure(model::FailureKind::bad_request, model::IssueCode::value, "'" + url + "' is no http or https URL");
  }
  return std::unique_ptr<Client>(std::make_unique<BeastClient>(std::move(*address), ca_file));
}

}  // namespace http
