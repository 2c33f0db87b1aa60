#include "tests/bench/support/load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

int connect_to(const std::string& host, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct Client {
  int fd = -1;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  Clock::time_point begun;
};

// The whole answer at the front of `in`: its size and parts, or 0 if more must come.
std::size_t whole_reply(const std::string& in, Reply& reply) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  const std::string_view header(in.data(), end + 2);
  std::from_chars(header.data() + 9, header.data() + 12, reply.status);
  std::size_t length = 0;
  const auto at = header.find("Content-Length: ");
  if (at != std::string_view::npos) std::from_chars(header.data() + at + 16, header.data() + header.size(), length);
  if (in.size() < end + 4 + length) return 0;
  reply.header = header;
  reply.body = std::string_view(in).substr(end + 4, length);
  return end + 4 + length;
}

}  // namespace

double LoadFigures::percentile(double share) const {
  if (microseconds.empty()) return 0;
  const auto at = std::min(microseconds.size() - 1, static_cast<std::size_t>(share * static_cast<double>(microseconds.size())));
  return microseconds[at] / 1000.0;
}

LoadFigures run_load(const LoadPlan& plan) {
  LoadFigures figures;
  figures.microseconds.reserve(plan.requests != 0 ? plan.requests : 1u << 20);
  std::vector<Client> clients(plan.clients);
  const int poll = epoll_create1(0);
  std::uint64_t issued = 0;
  unsigned active = 0;
  const auto start = Clock::now();
  const auto due = [&](Clock::time_point now) {
    return (plan.requests == 0 || issued < plan.requests) &&
           (plan.seconds == 0 || std::chrono::duration<double>(now - start).count() < plan.seconds);
  };
  const auto push = [&](Client& client) {
    while (client.sent < client.out.size()) {
      const auto bytes = send(client.fd, client.out.data() + client.sent, client.out.size() - client.sent, MSG_NOSIGNAL);
      if (bytes < 0) {
        if (errno == EAGAIN) return false;
        throw std::runtime_error(fmt::format("send: {}", std::strerror(errno)));
      }
      client.sent += static_cast<std::size_t>(bytes);
    }
    return true;
  };
  const auto begin = [&](unsigned index) {
    auto& client = clients[index];
    const auto now = Clock::now();
    client.out = due(now) ? plan.request(index, issued) : std::string();
    client.sent = 0;
    if (client.out.empty()) {
      epoll_ctl(poll, EPOLL_CTL_DEL, client.fd, nullptr);
      --active;
      return;
    }
    ++issued;
    client.begun = now;
    const bool done = push(client);
    epoll_event event{};
    event.events = done ? EPOLLIN : EPOLLIN | EPOLLOUT;
    event.data.u32 = index;
    epoll_ctl(poll, EPOLL_CTL_MOD, client.fd, &event);
  };
  for (unsigned i = 0; i < plan.clients; ++i) {
    clients[i].fd = connect_to(plan.host, plan.port);
    if (clients[i].fd < 0) throw std::runtime_error(fmt::format("cannot connect to port {}", plan.port));
    fcntl(clients[i].fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, clients[i].fd, &event);
    ++active;
  }
  for (unsigned i = 0; i < plan.clients; ++i) begin(i);
  std::vector<epoll_event> events(256);
  std::vector<char> chunk(1u << 18);
  while (active > 0) {
    const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), 30000);
    if (ready == 0) throw std::runtime_error("no answer for 30 s");
    for (int e = 0; e < ready; ++e) {
      const auto index = events[static_cast<std::size_t>(e)].data.u32;
      auto& client = clients[index];
      if ((events[static_cast<std::size_t>(e)].events & EPOLLOUT) != 0 && push(client)) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = index;
        epoll_ctl(poll, EPOLL_CTL_MOD, client.fd, &event);
      }
      const auto bytes = recv(client.fd, chunk.data(), chunk.size(), 0);
      if (bytes == 0) throw std::runtime_error("the server closed a connection");
      if (bytes < 0) {
        if (errno == EAGAIN) continue;
        throw std::runtime_error(fmt::format("recv: {}", std::strerror(errno)));
      }
      client.in.append(chunk.data(), static_cast<std::size_t>(bytes));
      Reply reply;
      if (const auto size = whole_reply(client.in, reply); size != 0) {
        figures.microseconds.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - client.begun).count()));
        ++figures.requests;
        if (reply.status >= 400) ++figures.errors;
        if (plan.reply) plan.reply(index, reply);
        client.in.erase(0, size);
        begin(index);
      }
    }
  }
  figures.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (auto& client : clients) close(client.fd);
  close(poll);
  std::sort(figures.microseconds.begin(), figures.microseconds.end());
  return figures;
}

std::string http_request(std::string_view method, std::string_view target, std::string_view body, std::string_view headers) {
  auto out = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}", method, target, headers);
  if (!body.empty()) out += fmt::format("Content-Type: application/fhir+json\r\nContent-Length: {}\r\n", body.size());
  out += "\r\n";
  out += body;
  return out;
}

Process::Process(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(fd, 1);
    dup2(fd, 2);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
}

void Process::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  for (int i = 0; i < 300; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

double Process::cpu_seconds() const {
  std::ifstream file(fmt::format("/proc/{}/stat", pid_));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skip;
  for (int i = 0; i < 11; ++i) fields >> skip;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

namespace {
std::uint64_t status_bytes(pid_t pid, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name, 0) == 0) return std::stoull(line.substr(std::strlen(name))) << 10;
  }
  return 0;
}
}  // namespace

std::uint64_t Process::resident_bytes() const { return status_bytes(pid_, "VmRSS:"); }
std::uint64_t Process::anonymous_bytes() const { return status_bytes(pid_, "RssAnon:"); }

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  close(fd);
  return ntohs(address.sin_port);
}

double wait_for_port(std::uint16_t port, double limit) {
  const auto start = Clock::now();
  for (;;) {
    const int fd = connect_to("127.0.0.1", port);
    const double waited = std::chrono::duration<double>(Clock::now() - start).count();
    if (fd >= 0) {
      close(fd);
      return waited;
    }
    if (waited > limit) throw std::runtime_error(fmt::format("nothing listens on port {} after {} s", port, limit));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::uint64_t directory_bytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat info {};
    if (entry.is_regular_file() && stat(entry.path().c_str(), &info) == 0)
      bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace bench
