#include "fhir/http/connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "fhir/http/body_intake.h"
#include "fhir/http/content_coding.h"
#include "fhir/http/input_buffer.h"
#include "fhir/http/refusals.h"
#include "fhir/http/reply_terms.h"
#include "fhir/http/request_reader.h"
#include "fhir/http/response_header.h"
#include "fhir/http/source_sender.h"

namespace http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using boost::beast::http::error;

constexpr std::size_t read_bytes = 16u << 10;
constexpr std::size_t body_read_bytes = 256u << 10;
constexpr std::size_t body_piece_bytes = 128u << 10;  // of a body that goes to a sink, at least
constexpr std::uint64_t drain_bytes = 4u << 20;       // read and dropped after a refusal, so that the client sees the answer
constexpr std::uint64_t least_bytes_per_second = 100u << 10;

template <typename Stream>
class Connection final : public ConnectionBase, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... Args>
  explicit Connection(std::shared_ptr<Loop> loop, Args&&... args)
      : loop_(std::move(loop)), shared_(*loop_->shared), stream_(std::forward<Args>(args)...) {
    loop_->connections.insert(this);
  }
  // May be a worker's or the writer's thread: the socket was closed on the loop's, in close().
  ~Connection() override { shared_.connections.fetch_sub(1, std::memory_order_relaxed); }

  void start() {
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = socket().remote_endpoint(ignored);
    client_ = peer.address().to_string();
    proxied_ = shared_.proxies.contains(peer.address());
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
    if (closed_) return;
    const auto self = this->shared_from_this();  // what the pump lets go of may be the last to hold us
    closed_ = true;
    intake_ = nullptr;  // what has come of a body is let go now, whoever still holds us
    if (reader_) reader_->request.sink = nullptr;
    if (source_.under_way()) {
      sent_ = source_.sent();
      log();
      source_.stop();
    }
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
  void end() override {
    if (waiting_) return close();
    if (source_.resting()) source_.end_feed();
  }

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
    terms_.clear();
    reader_->body_limit(boost::none);  // the reader has its own
    reader_->limit = shared_.options.max_body_bytes;
    reader_->endpoint = shared_.service;
    intake_ = nullptr;
    continued_ = false;
    begun_ = false;
    blank_passed_ = false;
    waiting_ = input_.empty();
    if (waiting_ && stopping()) return finish_connection();
    deadline = Clock::now() + (waiting_ ? shared_.options.idle_timeout : shared_.options.header_timeout);
    if (waiting_) {
      read_more();
    } else {
      reading_ = true;
      parse();
    }
  }

  void read_more() {
    if (receiving_) return;
    input_.make_room(reader_->is_header_done() ? body_read_bytes : read_bytes);
    receive();
  }

  // One read at a time. Beside a source that rests it watches for the client's going; what it brings is the next request's.
  void receive() {
    receiving_ = true;
    stream_.async_read_some(asio::buffer(input_.room(), input_.room_size()),
                            [self = this->shared_from_this()](error_code trouble, std::size_t bytes) {
                              self->receiving_ = false;
                              self->received(trouble, bytes);
                            });
  }

  void received(error_code trouble, std::size_t bytes) {
    if (closed_) return;
    if (draining_) return drained(trouble, bytes);
    if (expired_) return refuse(refusal(408, model::IssueCode::timeout, "The request did not come to its end in time"));
    if (source_.under_way() && trouble == asio::error::eof && !source_.resting())
      return;                                  // its half only, perhaps: what it asked for is sent
    const bool busy = !waiting_ && !reading_;  // a watch's read, ended after its feed and beside the next request
    if (trouble && busy && !source_.under_way()) return;
    if (trouble) return close();
    input_.filled(bytes);
    if (source_.under_way()) return watch();
    if (busy) return;
    if (waiting_) {
      waiting_ = false;
      reading_ = true;
      deadline = Clock::now() + shared_.options.header_timeout;
    }
    parse();
  }

  // RFC 9112 2.2: an empty line before a request is let pass, as some clients send one after a body. False: nothing of a
  // request is there yet, and more is being read.
  bool begin_request() {
    if (const auto unread = input_.unread(); !blank_passed_ && unread[0] == '\r') {
      if (unread.size() == 1) {
        read_more();
        return false;
      }
      if (unread[1] == '\n') {
        input_.consume(2);
        blank_passed_ = true;
        if (input_.empty()) {
          waiting_ = true;
          reading_ = false;
          deadline = Clock::now() + shared_.options.idle_timeout;
          if (stopping()) {
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
      if (!input_.empty()) used = reader_->put(asio::buffer(input_.unread()), trouble);
      input_.consume(used);
      if (trouble && trouble != error::need_more) return refuse(reading_refusal(trouble, *reader_, shared_.options));
      if (reader_->is_done()) break;
      if (trouble == error::need_more || used == 0 || input_.empty()) {
        if (reader_->is_header_done() && !header_was_done) start_body();
        // Bytes of a body are taken as they come: what is left is a chunk's extension or the trailer.
        if (reader_->is_header_done() && input_.size() > shared_.options.max_header_bytes) {
          return refuse(trailer_refusal(shared_.options));
        }
        if (reader_->is_header_done() && reader_->expects_continue && !continued_) return send_continue();
        if (reader_->request.sink && reader_->request.body.size() >= body_piece_bytes) return pass_on();
        return read_more();
      }
    }
    if (reader_->request.sink) return pass_on();
    started_ = Clock::now();
    dispatch();
  }

  // What has come of a body goes to its sink. Nothing is read meanwhile: a client sends no faster than its content is stored.
  void pass_on() {
    deadline = Clock::time_point::max();
    auto& request = reader_->request;
    if (!intake_) {
      auto decoder = make_decoder(request.header("Content-Encoding"));
      if (!decoder) return refuse(body_refusal(decoder.error()));
      intake_ = std::make_shared<BodyIntake>(loop_, request.sink, std::move(*decoder));
    }
    const bool last = reader_->is_done();
    intake_->take(std::exchange(request.body, {}), last, [self = this->shared_from_this(), last](model::Result<void> taken) {
      if (self->closed_) return;
      if (!taken) return self->refuse(body_refusal(taken.error()));
      if (last) {
        self->started_ = Clock::now();
        return self->dispatch();
      }
      self->deadline = self->sending_deadline(body_piece_bytes);
      self->read_more();
    });
  }

  // A body may take body_timeout, and longer if it comes at a decent pace.
  void start_body() {
    const auto length = reader_->content_length();
    deadline = sending_deadline(reader_->request.sink ? body_piece_bytes : length ? *length : shared_.options.max_body_bytes);
  }

  void send_continue() {
    continued_ = true;
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(text), [self = this->shared_from_this()](error_code trouble, std::size_t) {
      if (trouble) return self->close();
      self->read_more();
    });
  }

  void begin_refusal() {
    reading_ = false;
    keep_alive_ = false;
    head_ = false;
    started_ = Clock::now();
    log_method_ = reader_->request.method;
    log_target_.clear();
    request_bytes_ = reader_->received;
    terms_.read(reader_->request, shared_.cors);
  }

  // With an answer of our own: the service has not seen the request.
  void respond_ourselves(const rest::Request& request, rest::Response response) {
    terms_.read_ids(request);
    terms_.add_ids(response);
    respond(std::move(response));
  }

  void refuse(rest::Response response) {
    begin_refusal();
    respond_ourselves(reader_->request, std::move(response));
  }

  void dispatch() {
    reading_ = false;
    intake_ = nullptr;
    deadline = Clock::time_point::max();
    auto& request = reader_->request;
    keep_alive_ = reader_->keep_alive();
    old_version_ = reader_->version < 11;
    head_ = request.method == "HEAD";
    request_bytes_ = reader_->received;
    if (shared_.log) {
      log_method_ = request.method;
      log_target_ = request.target;
    }
    terms_.read(request, shared_.cors);
    if (reader_->hosts > 1 || (!old_version_ && reader_->hosts == 0)) {  // RFC 9112 3.2
      keep_alive_ = false;
      return respond_ourselves(request, refusal(400, model::IssueCode::invalid, "A request needs exactly one Host header"));
    }
    if (proxied_) {
      auto forwarding = read_forwarding(request, shared_.proxies, shared_.service->options());
      if (!forwarding) return respond_ourselves(request, refusal(400, forwarding.error().issues));
      request.base_url = std::move(forwarding->base_url);
      terms_.client = std::move(forwarding->client);
    }
    if (terms_.takes_nothing()) {  // RFC 9110 12.5.3; before anything is done
      return respond_ourselves(
          request, refusal(406, model::IssueCode::not_supported,
                           "Accept-Encoding refuses a plain answer and takes none of the codings " + known_codings()));
    }
    if (request.body.empty() && !request.sink) {
      if (auto response = shared_.service->try_quick(request)) {
        if (!terms_.wants_coding(*response)) return respond(std::move(*response));
      }
    }
    request.client = terms_.client.empty() ? client_ : terms_.client;
    terms_.read_ids(request);
    auto self = this->shared_from_this();
    auto work = [self, sent = std::move(request)]() mutable { self->work(std::move(sent)); };
    if (!shared_.workers->post(std::move(work))) {
      auto response = refusal(503, model::IssueCode::throttled, "The server is busy: try again in a moment");
      response.headers.emplace_back("Retry-After", "1");
      terms_.add_ids(response);
      respond(std::move(response));
    }
  }

  // On a worker.
  void work(rest::Request request) {
    const auto coding = request.header("Content-Encoding");
    if (!coding.empty() && !request.body.empty()) {
      auto decoded = decode_content(std::move(request.body), coding, shared_.options.max_body_bytes);
      if (!decoded) {
        auto response = coding_refusal(decoded.error());
        terms_.add_ids(response);
        return finish(std::move(response));
      }
      request.body = std::move(*decoded);
    }
    shared_.service->handle(std::move(request), [self = this->shared_from_this()](rest::Response response) {
      if (self->terms_.wants_coding(response)) {
        // May be the store's writer: compress elsewhere.
        auto boxed = std::make_shared<rest::Response>(std::move(response));
        if (!self->shared_.workers->post([self, boxed] {
              self->terms_.encode(*boxed);
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
    terms_.add_cors(shared_.cors, response_);
    if (stopping()) keep_alive_ = false;
    const auto framing = framing_of(response_, old_version_);
    if (framing.kind == BodyFraming::Kind::until_close) keep_alive_ = false;
    header_.clear();
    append_header(header_, response_, framing, loop_->date(), shared_.vary, keep_alive_, old_version_);
    const bool send_body = framing.kind != BodyFraming::Kind::none && !head_;
    if (response_.source && send_body) {
      return source_.begin(loop_, std::move(response_.source), std::move(header_), framing);
    }
    const std::size_t length = response_.body && send_body ? response_.body->size() : 0;
    deadline = sending_deadline(length);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(header_),
                                                    length > 0 ? asio::buffer(*response_.body) : asio::const_buffer()};
    asio::async_write(stream_, buffers, [self = this->shared_from_this()](error_code trouble, std::size_t bytes) {
      self->sent_ = bytes;
      if (trouble) return self->log(), self->close();
      self->answered();
    });
  }

  // Within which as many bytes are to go through, either way.
  Clock::time_point sending_deadline(std::uint64_t bytes) const {
    return Clock::now() + shared_.options.body_timeout + std::chrono::seconds(bytes / least_bytes_per_second);
  }

  // All of the answer is sent.
  void answered() {
    log();
    response_ = {};
    if (!keep_alive_) return finish_connection();
    next_request();
  }

  friend class SourceSender<Stream, Connection>;
  bool stopping() const { return shared_.stopping.load(std::memory_order_relaxed); }
  void source_sent() {
    sent_ = source_.sent();
    if (stopping()) keep_alive_ = false;
    answered();
  }
  void source_rests() {
    if (!receiving_) watch();
  }
  void source_failed(bool unsaid) {
    if (!unsaid) {
      error_code ignored;
      // A body that ends with the connection must not end like a whole one.
      socket().set_option(asio::socket_base::linger(true, 0), ignored);
      return close();
    }
    source_.stop();
    keep_alive_ = false;
    auto response = refusal(500, model::IssueCode::exception, "The content could not be read; the server's log says more");
    terms_.add_ids(response);
    respond(std::move(response));
  }

  // Reads on while the source has nothing to say: only so is a client's going seen. What it sends beyond a moderate part of a
  // next request stays in the socket.
  void watch() {
    if (input_.size() >= read_bytes) return;
    input_.make_room(read_bytes);
    receive();
  }

  void log() {
    if (!shared_.log) return;
    AccessRecord record;
    record.client = terms_.client.empty() ? client_ : terms_.client;
    record.method = log_method_;
    record.target = log_target_;
    record.interaction = response_.interaction;
    for (const auto& [name, value] : response_.headers) {
      if (name == "X-Request-Id") record.request_id = value;
      if (name == "X-Correlation-Id") record.correlation_id = value;
    }
    record.status = response_.status;
    record.request_bytes = request_bytes_;
    record.response_bytes = sent_;
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
    draining_ = true;
    if (receiving_) return;
    input_.clear();
    input_.make_room(body_read_bytes);
    receive();
  }
  void drained(error_code trouble, std::size_t bytes) {
    drained_ += bytes;
    if (trouble || drained_ > drain_bytes) return close();
    drain();
  }

  std::shared_ptr<Loop> loop_;
  Shared& shared_;
  Stream stream_;
  InputBuffer input_;
  std::optional<RequestReader> reader_;
  std::shared_ptr<BodyIntake> intake_;  // of a body that goes to a sink
  rest::Response response_;
  std::string header_;
  SourceSender<Stream, Connection> source_{*this, stream_};  // an answer made while it is sent
  ReplyTerms terms_;
  std::string client_, log_method_, log_target_;
  std::uint64_t request_bytes_ = 0, sent_ = 0, drained_ = 0;
  Clock::time_point started_;
  bool waiting_ = true;
  bool reading_ = false;  // part of a request has come
  bool expired_ = false;
  bool closed_ = false;
  bool receiving_ = false;  // a read is under way
  bool draining_ = false;
  bool continued_ = false;
  bool begun_ = false;         // the parser has been given a byte of this request
  bool blank_passed_ = false;  // the empty line before it
  bool keep_alive_ = false;
  bool old_version_ = false;
  bool head_ = false;
  bool proxied_ = false;  // the peer is a trusted proxy
};

}  // namespace

void start_connection(std::shared_ptr<Loop> loop, tcp::socket socket, asio::ssl::context* tls) {
  if (tls != nullptr) {
    std::make_shared<Connection<TlsStream>>(std::move(loop), std::move(socket), *tls)->start();
  } else {
    std::make_shared<Connection<tcp::socket>>(std::move(loop), std::move(socket))->start();
  }
}

}  // namespace http
