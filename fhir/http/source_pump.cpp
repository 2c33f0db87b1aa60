#include "fhir/http/source_pump.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

namespace http {

namespace asio = boost::asio;

SourcePump::SourcePump(std::shared_ptr<Loop> loop, std::shared_ptr<rest::BodySource> source, std::string client)
    : loop_(std::move(loop)), source_(std::move(source)), client_(std::move(client)), timer_(loop_->context) {}

void SourcePump::ask(Got got) {
  const bool first = !bell_;
  if (first) {
    bell_ = std::make_shared<Bell>();
    bell_->loop = loop_;
    bell_->pump = weak_from_this();
  }
  bell_->rung = false;  // before the source looks, so that what comes while it looks counts
  auto work = [loop = loop_, source = source_, bell = bell_, got, first]() mutable {
    std::string piece;
    auto next = Next::broken;
    try {
      if (first) {
        source->on_more([bell] {
          if (bell->rung.exchange(true)) return;
          // The pump is only ever taken hold of on its loop: the caller may be in the middle of a commit.
          asio::post(bell->loop->context, [pump = bell->pump] {
            if (auto alive = pump.lock()) alive->go_on();
          });
        });
      }
      next = source->next(piece);
    } catch (const std::exception& trouble) {
      std::fprintf(stderr, "kiln: an answer was broken off: %s\n", trouble.what());
      next = Next::broken;
    }
    source.reset();
    asio::post(loop->context, [got = std::move(got), next, made = std::move(piece)]() mutable { got(next, std::move(made)); });
  };
  if (loop_->shared->workers->post(std::move(work), client_)) return;
  asio::post(loop_->context, [got = std::move(got)] { got(Next::later, {}); });
}

void SourcePump::wait(std::function<void()> then) {
  then_ = std::move(then);
  if (bell_->rung) {
    return asio::post(loop_->context, [self = shared_from_this()] { self->go_on(); });
  }
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
    if (cancelled) return;
    if (auto self = weak.lock()) self->go_on();
  });
}

void SourcePump::go_on() {
  if (!then_) return;
  timer_.cancel();
  std::exchange(then_, nullptr)();
}

void SourcePump::let_go() {
  source_.reset();
  then_ = nullptr;
  timer_.cancel();
}

}  // namespace http
