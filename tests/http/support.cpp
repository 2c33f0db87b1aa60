#include "tests/http/support.h"
#include "tests/support/measured.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include <boost/json.hpp>

namespace http_test {

Serving::Serving(http::ServerOptions options, rest::ServiceOptions service) {
  options.port = 0;
  auto server = http::Server::listen(options);
  if (!server) throw std::runtime_error("no server: " + server.error().issues.list().front().diagnostics);
  server_ = std::move(*server);
  if (service.base_url.empty()) service.base_url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/fhir";
  service.max_body_bytes = options.max_body_bytes;
  auto node = commands::Node::open("", service);
  if (!node) throw std::runtime_error("no node");
  node_ = std::move(*node);
  server_->start(node_->service());
}

Serving::Serving(rest::Endpoint& endpoint, http::ServerOptions options) {
  options.port = 0;
  auto server = http::Server::listen(options);
  if (!server) throw std::runtime_error("no server: " + server.error().issues.list().front().diagnostics);
  server_ = std::move(*server);
  server_->start(endpoint);
}

Serving::~Serving() {
  server_->stop(std::chrono::seconds(1));
  server_.reset();
}

std::string Answer::header(std::string_view name) const {
  const auto at = head.find("\r\n" + std::string(name) + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

Raw::Raw(std::uint16_t port, const char* from) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, from, &address.sin_addr);
  if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot bind");
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("cannot connect");
}
Raw::~Raw() {
  if (socket_ >= 0) close(socket_);
}

bool Raw::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Raw::end_sending() { shutdown(socket_, SHUT_WR); }

void Raw::reset() {
  const linger hard{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(socket_);
  socket_ = -1;
}

bool Raw::more() {
  pollfd wait{socket_, POLLIN, 0};
  if (poll(&wait, 1, tests::measured ? 10000 : 200000) != 1) return false;
  char buffer[65536];
  const auto got = recv(socket_, buffer, sizeof buffer, 0);
  if (got <= 0) return false;
  input_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

Answer Raw::read_head() {
  Answer out;
  std::size_t end = 0;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return out;
  }
  out.head = input_.substr(0, end + 2);
  input_.erase(0, end + 4);
  out.status = std::atoi(out.head.c_str() + 9);
  return out;
}

std::string Raw::line() {
  std::size_t end = 0;
  while ((end = input_.find("\r\n")) == std::string::npos) {
    if (!more()) return {};
  }
  auto out = input_.substr(0, end);
  input_.erase(0, end + 2);
  return out;
}

std::string Raw::read_chunk() {
  const auto size = std::strtoull(line().c_str(), nullptr, 16);
  auto out = read_some(size + 2);
  if (out.size() != size + 2) return {};
  out.resize(size);
  return out;
}

std::string Raw::read_some(std::size_t bytes) {
  while (input_.size() < bytes && more()) {
  }
  auto out = input_.substr(0, bytes);
  input_.erase(0, bytes);
  return out;
}

Answer Raw::read(bool bodiless) {
  auto out = read_head();
  if (bodiless || out.status == 0 || out.status == 100 || out.status == 204 || out.status == 304) return out;
  if (out.header("Transfer-Encoding") == "chunked") {
    for (;;) {
      const auto size = line();
      if (size.empty()) return {};
      const auto bytes = std::strtoull(size.c_str(), nullptr, 16);
      const auto chunk = read_some(bytes + 2);
      if (chunk.size() != bytes + 2 || !chunk.ends_with("\r\n")) return {};
      if (bytes == 0) return out;
      out.body.append(chunk, 0, bytes);
    }
  }
  const auto length = std::strtoull(out.header("Content-Length").c_str(), nullptr, 10);
  out.body = read_some(length);
  if (out.body.size() != length) return {};
  return out;
}

bool Raw::ended() {
  if (!input_.empty()) return false;
  pollfd wait{socket_, POLLIN, 0};
  char byte = 0;
  return poll(&wait, 1, 10000) == 1 && recv(socket_, &byte, 1, 0) <= 0;
}

std::string get(std::string_view target, std::string_view headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view target, std::string_view body, std::string_view headers) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: h\r\nContent-Type: application/fhir+json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

bool is_outcome(const Answer& answer) {
  boost::system::error_code trouble;
  const auto parsed = boost::json::parse(answer.body, trouble);
  if (trouble || !parsed.is_object()) return false;
  const auto& object = parsed.as_object();
  if (!object.contains("resourceType") || object.at("resourceType") != "OperationOutcome") return false;
  const auto& issue = object.at("issue").as_array().at(0).as_object();
  return issue.at("severity") == "error" && !issue.at("diagnostics").as_string().empty();
}

}  // namespace http_test
