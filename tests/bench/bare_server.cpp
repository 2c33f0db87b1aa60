// A bare server of the same libraries: Beast's parser, an LMDB get, one writev. The floor that `kiln serve` is measured against.
//
//   bench_bare_server PORT DIRECTORY [fixed]   DIRECTORY holds keys (the path's last segment) and bodies; `fixed`: one body, no
//   look-up
#include <lmdb.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

MDB_env* environment;
MDB_dbi bodies;
std::string fixed_body;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) { socket_.set_option(tcp::no_delay(true)); }
  void start() {
    reader_.emplace();
    read();
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                            [self = shared_from_this()](error_code trouble, std::size_t bytes) {
                              if (trouble) return;
                              self->end_ += bytes;
                              self->parse();
                            });
  }
  void parse() {
    error_code trouble;
    reader_->eager(true);
    const auto used = reader_->put(asio::buffer(buffer_.data(), end_), trouble);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(used), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
              buffer_.begin());
    end_ -= used;
    if (!reader_->is_done()) return read();
    const auto target = reader_->get().target();
    if (fixed_body.empty()) {
      const auto key = target.substr(target.rfind('/') + 1);
      MDB_txn* txn = nullptr;
      mdb_txn_begin(environment, nullptr, MDB_RDONLY, &txn);
      MDB_val k{key.size(), const_cast<char*>(key.data())}, v{0, nullptr};
      if (mdb_get(txn, bodies, &k, &v) == 0) body_.assign(static_cast<const char*>(v.mv_data), v.mv_size);
      mdb_txn_abort(txn);
    } else {
      body_ = fixed_body;
    }
    header_ = "HTTP/1.1 200 OK\r\nServer: bare\r\nContent-Type: application/fhir+json\r\nContent-Length: " +
              std::to_string(body_.size()) + "\r\n\r\n";
    const std::array<asio::const_buffer, 2> out{asio::buffer(header_), asio::buffer(body_)};
    asio::async_write(socket_, out, [self = shared_from_this()](error_code failed, std::size_t) {
      if (!failed) self->start();
    });
  }

  tcp::socket socket_;
  std::vector<char> buffer_ = std::vector<char>(16384);
  std::size_t end_ = 0;
  std::optional<beast::http::request_parser<beast::http::empty_body>> reader_;
  std::string header_, body_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code trouble, tcp::socket socket) {
    if (!trouble) std::make_shared<Session>(std::move(socket))->start();
    accept(acceptor);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3) {
    fixed_body.assign(2400, 'x');
  } else {
    mdb_env_create(&environment);
    mdb_env_set_mapsize(environment, std::size_t{1} << 32);
    if (mdb_env_open(environment, argv[2], MDB_RDONLY | MDB_NOTLS, 0644) != 0) return 1;
    MDB_txn* txn = nullptr;
    mdb_txn_begin(environment, nullptr, MDB_RDONLY, &txn);
    mdb_dbi_open(txn, nullptr, 0, &bodies);
    mdb_txn_commit(txn);
  }
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([port = static_cast<std::uint16_t>(std::atoi(argv[1]))] {
      asio::io_context context{1};
      tcp::acceptor acceptor(context);
      const tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), port);
      acceptor.open(endpoint.protocol());
      acceptor.set_option(tcp::acceptor::reuse_address(true));
      acceptor.set_option(reuse_port(true));
      acceptor.bind(endpoint);
      acceptor.listen();
      accept(acceptor);
      context.run();
    });
  }
  for (auto& thread : threads) thread.join();
  return 0;
}
