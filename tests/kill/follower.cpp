#include "tests/kill/follower.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>

namespace kill_test {

namespace {

// Undoes chunked coding, RFC 9112 7.1, as far as bytes have come.
class Chunks {
 public:
  std::string take(std::string_view bytes) {
    std::string out;
    rest_.append(bytes);
    for (;;) {
      if (left_ > 0) {
        const auto part = std::min(left_, rest_.size());
        out.append(rest_, 0, part);
        rest_.erase(0, part);
        left_ -= part;
        if (left_ > 0) return out;
        behind_data_ = true;
      }
      if (behind_data_) {
        if (rest_.size() < 2) return out;
        rest_.erase(0, 2);
        behind_data_ = false;
      }
      const auto end = rest_.find("\r\n");
      if (end == std::string::npos) return out;
      left_ = std::strtoul(rest_.c_str(), nullptr, 16);
      rest_.erase(0, end + 2);
      if (left_ == 0) return out;
    }
  }

 private:
  std::string rest_;
  std::size_t left_ = 0;
  bool behind_data_ = false;
};

}  // namespace

Follower::Follower(std::function<std::string()> url) : url_(std::move(url)), thread_([this] { run(); }) {}

Follower::~Follower() {
  leaving_ = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<tests::Event> Follower::finish(std::uint64_t commit) {
  last_ = commit;
  stopping_ = true;
  thread_.join();
  return std::move(events_);
}

void Follower::run() {
  while (!done() && !leaving_) {
    read_stream(url_());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // before it connects again
  }
}

void Follower::read_stream(const std::string& url) {
  // "http://127.0.0.1:40123/fhir"
  const auto colon = url.rfind(':');
  const auto slash = url.find('/', colon);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(url.c_str() + colon + 1)));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{0, 100'000};
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string request = "GET " + url.substr(slash) + "/_changes HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n";
  if (!place_.empty()) request += "Last-Event-ID: " + place_ + "\r\n";
  request += "\r\n";
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      send(socket, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    std::string header;
    bool in_body = false;
    Chunks chunks;
    tests::EventReader reader;
    char buffer[16384];
    while (!done() && !leaving_) {
      const ssize_t got = recv(socket, buffer, sizeof buffer, 0);
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) continue;
      if (got <= 0) break;
      std::string bytes(buffer, static_cast<std::size_t>(got));
      if (!in_body) {
        header += bytes;
        const auto end = header.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        if (!header.starts_with("HTTP/1.1 200")) break;
        in_body = true;
        ++connections_;
        bytes = header.substr(end + 4);
      }
      reader.take(chunks.take(bytes), events_);
      if (!reader.last_id().empty()) place_ = reader.last_id();
    }
  }
  close(socket);
}

}  // namespace kill_test
