#include "fhir/http/connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "fhir/http/content_coding.h"
#include "fhir/http/request_reader.h"

namespace http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using boost::beast::http::error;

constexpr std::size_t read_bytes = 16u << 10;
constexpr std::size_t body_read_bytes = 256u << 10;
constexpr std::size_t gzip_from_bytes = 2048;    // below that the saving is less than a packet
constexpr std::uint64_t drain_bytes = 4u << 20;  // read and dropped after a refusal, so that the client sees the answer
constexpr std::uint64_t least_bytes_per_second = 100u << 10;

rest::Response refusal(int status, model::IssueCode code, std::string diagnostics) {
  model::Issues issues;
  issues.error(code, std::move(diagnostics));
  auto response = rest::outcome_response(status, issues);
  response.interaction = "refused";
  return response;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

template <typename Stream>
class Connection final : public ConnectionBase, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... Args>
  explicit Connection(std::shared_ptr<Loop> loop, Args&&... args)
      : loop_(std::move(loop)), shared_(*loop_->shared), stream_(std::forward<Args>(args)...) {
    loop_->connections.insert(this);
    input_.resize(read_bytes);
  }
  // May be a worker's or the writer's thread: the socket was closed on the loop's, in close().
  ~Connection() override { shared_.connections.fetch_sub(1, std::memory_order_relaxed); }

  void start() {
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = socket().remote_endpoint(ignored);
    if (shared_.log) client_ = peer.address().to_string();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      deadline = Clock::now() + shared_.options.header_timeout;
      stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](error_code trouble) {
        if (trouble) return self->close();
        self->next_request();
      });
    } else {
      next_request();
    }
  }

  void close() override {
    closed_ = true;
    loop_->connections.erase(this);
    error_code ignored;
    socket().close(ignored);
  }
  void expire() override {
    if (!reading_ || expired_) return close();
    expired_ = true;
    deadline = Clock::now() + std::chrono::seconds(2);
    error_code ignored;
    socket().cancel(ignored);  // the read under way ends and answers
  }
  bool waiting() const override { return waiting_; }

 private:
  tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void next_request() {
    if (closed_) return;
    reader_.emplace();
    reader_->eager(true);
    reader_->header_limit(shared_.options.max_header_bytes);
    reader_->body_limit(shared_.options.max_body_bytes);
    continued_ = false;
    begun_ = false;
    blank_passed_ = false;
    waiting_ = begin_ == end_;
    if (waiting_ && shared_.stopping.load(std::memory_order_relaxed)) return finish_connection();
    deadline = Clock::now() + (waiting_ ? shared_.options.idle_timeout : shared_.options.header_timeout);
    if (waiting_) {
      read_more();
    } else {
      reading_ = true;
      parse();
    }
  }

  void read_more() {
    if (begin_ == end_) begin_ = end_ = 0;
    const std::size_t want = reader_->is_header_done() ? body_read_bytes : read_bytes;
    if (input_.size() - end_ < read_bytes / 2) {
      if (begin_ > 0) {
        input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(begin_));
        end_ -= begin_;
        begin_ = 0;
      }
    }
    if (input_.size() < end_ + want / 2) input_.resize(end_ + want);
    stream_.async_read_some(asio::buffer(input_.data() + end_, input_.size() - end_),
                            [self = this->shared_from_this()](error_code trouble, std::size_t bytes) {
                              if (self->expired_ && !self->closed_) return self->refuse_late();
                              if (trouble) return self->close();
                              self->end_ += bytes;
                              if (self->waiting_) {
                                self->waiting_ = false;
                                self->reading_ = true;
                                self->deadline = Clock::now() + self->shared_.options.header_timeout;
                              }
                              self->parse();
                            });
  }

  // RFC 9112 2.2: an empty line before a request is let pass, as some clients send one after a body. False: nothing of a
  // request is there yet, and more is being read.
  bool begin_request() {
    if (!blank_passed_ && input_[begin_] == '\r') {
      if (end_ - begin_ == 1) {
        read_more();
        return false;
      }
      if (input_[begin_ + 1] == '\n') {
        begin_ += 2;
        blank_passed_ = true;
        if (begin_ == end_) {
          waiting_ = true;
          reading_ = false;
          deadline = Clock::now() + shared_.options.idle_timeout;
          if (shared_.stopping.load(std::memory_order_relaxed)) {
            finish_connection();
          } else {
            read_more();
          }
          return false;
        }
      }
    }
    begun_ = true;
    return true;
  }

  void parse() {
    if (!begun_ && !begin_request()) return;
    const bool header_was_done = reader_->is_header_done();
    for (;;) {
      error_code trouble;
      std::size_t used = 0;
      if (begin_ != end_) used = reader_->put(asio::const_buffer(input_.data() + begin_, end_ - begin_), trouble);
      begin_ += used;
      if (trouble && trouble != error::need_more) return refuse(trouble);
      if (reader_->is_done()) break;
      if (trouble == error::need_more || used == 0 || begin_ == end_) {
        if (reader_->is_header_done() && !header_was_done) start_body();
        // Bytes of a body are taken as they come: what is left is a chunk's extension or the trailer.
        if (reader_->is_header_done() && end_ - begin_ > shared_.options.max_header_bytes) return refuse_trailer();
        if (reader_->is_header_done() && reader_->expects_continue && !continued_) return send_continue();
        return read_more();
      }
    }
    started_ = Clock::now();
    dispatch();
  }

  // A body may take body_timeout, and longer if it comes at a decent pace.
  void start_body() {
    const auto length = reader_->content_length();
    const auto bytes = length ? *length : shared_.options.max_body_bytes;
    deadline = Clock::now() + shared_.options.body_timeout + std::chrono::seconds(bytes / least_bytes_per_second);
  }

  void send_continue() {
    continued_ = true;
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(text), [self = this->shared_from_this()](error_code trouble, std::size_t) {
      if (trouble) return self->close();
      self->read_more();
    });
  }

  void refuse_late() {
    begin_refusal();
    respond(refusal(408, model::IssueCode::timeout, "The request did not come to its end in time"));
  }

  void begin_refusal() {
    reading_ = false;
    keep_alive_ = false;
    head_ = false;
    started_ = Clock::now();
    log_method_ = reader_->request.method;
    log_target_.clear();
    request_bytes_ = reader_->request.body.size();
  }

  void refuse_trailer() {
    begin_refusal();
    respond(refusal(
        431, model::IssueCode::too_long,
        "A chunk's extension or the trailer is larger than " + std::to_string(shared_.options.max_header_bytes) + " bytes"));
  }

  void refuse(error_code trouble) {
    begin_refusal();
    if (trouble == error::header_limit && reader_->request.method.empty()) {  // not even the first line came to its end
      return respond(refusal(414, model::IssueCode::too_long,
                             "The request's target is longer than " + std::to_string(shared_.options.max_header_bytes) +
                                 " bytes: searches can be sent by POST to [type]/_search"));
    }
    if (trouble == error::header_limit) {
      return respond(
          refusal(431, model::IssueCode::too_long,
                  "The request's header is larger than " + std::to_string(shared_.options.max_header_bytes) + " bytes"));
    }
    if (trouble == error::body_limit) {
      return respond(refusal(413, model::IssueCode::too_long,
                             "The request's body is larger than " + std::to_string(shared_.options.max_body_bytes) + " bytes"));
    }
    if (trouble == error::bad_transfer_encoding && reader_->unknown_coding) {  // RFC 9112 6.1
      return respond(refusal(501, model::IssueCode::not_supported, "Of the transfer codings only 'chunked' is taken"));
    }
    respond(refusal(400, model::IssueCode::invalid, "The request is not well-formed HTTP/1.1: " + trouble.message()));
  }

  void dispatch() {
    reading_ = false;
    deadline = Clock::time_point::max();
    auto& request = reader_->request;
    keep_alive_ = reader_->keep_alive();
    old_version_ = reader_->version < 11;
    head_ = request.method == "HEAD";
    request_bytes_ = request.body.size();
    if (shared_.log) {
      log_method_ = request.method;
      log_target_ = request.target;
    }
    if (reader_->hosts > 1 || (!old_version_ && reader_->hosts == 0)) {  // RFC 9112 3.2
      keep_alive_ = false;
      return respond(refusal(400, model::IssueCode::invalid, "A request needs exactly one Host header"));
    }
    accepts_gzip_ = accepts_gzip(request.header("Accept-Encoding"));
    if (request.body.empty()) {
      if (auto response = shared_.service->try_quick(request)) {
        if (!accepts_gzip_ || !response->body || response->body->size() < gzip_from_bytes) return respond(std::move(*response));
      }
    }
    auto self = this->shared_from_this();
    auto work = [self, sent = std::move(request)]() mutable { self->work(std::move(sent)); };
    if (!shared_.workers->post(std::move(work))) {
      respond(refusal(503, model::IssueCode::throttled, "The server is busy: try again in a moment"));
    }
  }

  // On a worker.
  void work(rest::Request request) {
    const auto coding = request.header("Content-Encoding");
    if (!coding.empty() && !request.body.empty()) {
      auto decoded = decode_content(std::move(request.body), coding, shared_.options.max_body_bytes);
      if (!decoded) {
        const auto kind = decoded.error().kind;
        const int status = kind == model::FailureKind::unsupported_media ? 415
                           : kind == model::FailureKind::too_large       ? 413
                                                                         : 400;
        auto response = rest::outcome_response(status, decoded.error().issues);
        return finish(std::move(response));
      }
      request.body = std::move(*decoded);
    }
    shared_.service->handle(std::move(request), [self = this->shared_from_this()](rest::Response response) {
      if (self->accepts_gzip_ && response.body && response.body->size() >= gzip_from_bytes) {
        // May be the store's writer: compress elsewhere.
        auto boxed = std::make_shared<rest::Response>(std::move(response));
        if (!self->shared_.workers->post([self, boxed] {
              boxed->body = std::make_shared<const std::string>(gzip(*boxed->body));
              boxed->headers.emplace_back("Content-Encoding", "gzip");
              boxed->headers.emplace_back("Vary", "Accept-Encoding");
              self->finish(std::move(*boxed));
            })) {
          self->finish(std::move(*boxed));
        }
        return;
      }
      self->finish(std::move(response));
    });
  }

  // From any thread: hands the answer to the loop.
  void finish(rest::Response response) {
    auto self = this->shared_from_this();
    asio::post(loop_->context, [self, answer = std::move(response)]() mutable { self->respond(std::move(answer)); });
  }

  void respond(rest::Response response) {
    if (closed_) return;
    response_ = std::move(response);
    if (shared_.stopping.load(std::memory_order_relaxed)) keep_alive_ = false;
    const bool bodiless = response_.status == 204 || response_.status == 304;
    const std::size_t length = response_.body ? response_.body->size() : 0;
    header_.clear();
    header_ += "HTTP/1.1 ";
    header_ += std::to_string(response_.status);
    header_ += ' ';
    header_ += reason_phrase(response_.status);
    header_ += "\r\nServer: kiln\r\nDate: ";
    header_ += loop_->date();
    for (const auto& [name, value] : response_.headers) {
      header_ += "\r\n";
      header_ += name;
      header_ += ": ";
      // Header values come from requests too (X-Request-Id, Location): no control character leaves in one.
      const auto from = header_.size();
      header_ += value;
      for (auto i = from; i < header_.size(); ++i) {
        if (static_cast<unsigned char>(header_[i]) < 0x20) header_[i] = ' ';
      }
    }
    if (!bodiless) {
      header_ += "\r\nContent-Length: ";
      header_ += std::to_string(length);
    }
    if (!keep_alive_) {
      header_ += "\r\nConnection: close";
    } else if (old_version_) {
      header_ += "\r\nConnection: keep-alive";
    }
    header_ += "\r\n\r\n";
    const bool send_body = !bodiless && !head_ && length > 0;
    deadline = Clock::now() + shared_.options.body_timeout + std::chrono::seconds(length / least_bytes_per_second);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(header_),
                                                    send_body ? asio::buffer(*response_.body) : asio::const_buffer()};
    asio::async_write(stream_, buffers, [self = this->shared_from_this()](error_code trouble, std::size_t bytes) {
      self->log(bytes);
      if (trouble) return self->close();
      self->response_ = {};
      if (!self->keep_alive_) return self->finish_connection();
      self->next_request();
    });
  }

  void log(std::size_t bytes) {
    if (!shared_.log) return;
    AccessRecord record;
    record.client = client_;
    record.method = log_method_;
    record.target = log_target_;
    record.interaction = response_.interaction;
    for (const auto& [name, value] : response_.headers) {
      if (equal_ignoring_case(name, "X-Request-Id")) record.request_id = value;
    }
    record.status = response_.status;
    record.request_bytes = request_bytes_;
    record.response_bytes = bytes;
    record.microseconds = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_).count();
    shared_.log->write(record);
  }

  // Closes so that the last answer is seen: our half first, then what still comes is read and dropped for a moment.
  void finish_connection() {
    deadline = Clock::now() + std::chrono::seconds(2);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown([self = this->shared_from_this()](error_code) { self->close(); });
    } else {
      error_code ignored;
      socket().shutdown(tcp::socket::shutdown_send, ignored);
      drain();
    }
  }

  void drain() {
    input_.resize(body_read_bytes);
    stream_.async_read_some(asio::buffer(input_), [self = this->shared_from_this()](error_code trouble, std::size_t bytes) {
      self->drained_ += bytes;
      if (trouble || self->drained_ > drain_bytes) return self->close();
      self->drain();
    });
  }

  std::shared_ptr<Loop> loop_;
  Shared& shared_;
  Stream stream_;
  std::vector<char> input_;
  std::size_t begin_ = 0, end_ = 0;  // unparsed bytes of input_
  std::optional<RequestReader> reader_;
  rest::Response response_;
  std::string header_;
  std::string client_, log_method_, log_target_;
  std::uint64_t request_bytes_ = 0, drained_ = 0;
  Clock::time_point started_;
  bool waiting_ = true;
  bool reading_ = false;  // part of a request has come
  bool expired_ = false;
  bool closed_ = false;
  bool continued_ = false;
  bool begun_ = false;         // the parser has been given a byte of this request
  bool blank_passed_ = false;  // the empty line before it
  bool keep_alive_ = false;
  bool old_version_ = false;
  bool head_ = false;
  bool accepts_gzip_ = false;
};

}  // namespace

void start_connection(std::shared_ptr<Loop> loop, tcp::socket socket, asio::ssl::context* tls) {
  if (tls != nullptr) {
    std::make_shared<Connection<TlsStream>>(std::move(loop), std::move(socket), *tls)->start();
  } else {
    std::make_shared<Connection<tcp::socket>>(std::move(loop), std::move(socket))->start();
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

}  // namespace http
