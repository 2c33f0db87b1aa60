#include "fhir/http/content_decoder.h"

#include <algorithm>
#include <utility>

namespace http {
namespace {

using model::FailureKind;
using model::IssueCode;

constexpr std::size_t most_at_once = 256u << 10, least_at_once = 4u << 10;

class Chain final : public ContentDecoder {
 public:
  Chain(std::unique_ptr<ContentDecoder> outer, std::unique_ptr<ContentDecoder> inner)
      : outer_(std::move(outer)), inner_(std::move(inner)) {}

  void feed(std::string piece) override {
    outer_->feed(std::move(piece));
    outer_more_ = true;
  }

  model::Result<bool> decode(std::string& out) override {
    if (!inner_more_ && outer_more_) {
      std::string between;
      const auto more = outer_->decode(between);
      if (!more) return more.error();
      outer_more_ = *more;
      inner_->feed(std::move(between));
    }
    const auto more = inner_->decode(out);
    if (!more) return more.error();
    inner_more_ = *more;
    return inner_more_ || outer_more_;
  }

  model::Result<void> end() override {
    if (auto ended = outer_->end(); !ended) return ended;
    return inner_->end();
  }
  std::uint64_t memory() const override { return outer_->memory() + inner_->memory() + most_at_once; }

 private:
  std::unique_ptr<ContentDecoder> outer_, inner_;
  bool outer_more_ = false, inner_more_ = false;
};

}  // namespace

void Unfolding::feed(std::string piece) {
  piece_ = in_.empty() ? std::move(piece) : std::string(in_).append(piece);
  in_ = piece_;
}

model::Result<bool> Unfolding::decode(std::string& out) {
  if (ended_ && in_.empty()) return false;
  const auto before = out.size();
  // A byte more than the limit: content that is just as large gets to say that it ends.
  const auto guess = std::clamp(in_.size() * 4, least_at_once, most_at_once);
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(guess - 1, limit_ - unfolded_)) + 1;
  out.resize(before + room);
  std::size_t filled = 0;
  auto state = ended_ ? State::end : State::full;
  // Any number of empty parts go through in one call: each costs no more than its bytes.
  do {
    if (state == State::end && !begin_again()) {
      state = State::bad;
      break;
    }
    std::size_t written = 0;
    state = unfold(in_, out.data() + before + filled, room - filled, written);
    filled += written;
  } while (state == State::end && !in_.empty() && filled < room);
  out.resize(before + filled);
  unfolded_ += filled;
  if (unfolded_ > limit_) {
    return model::failure(FailureKind::too_large, IssueCode::too_long,
                          "The decompressed body is larger than " + std::to_string(limit_) + " bytes");
  }
  if (state == State::no_memory) return model::failure(FailureKind::unavailable, IssueCode::throttled, "There is no memory");
  if (state == State::bad) return damaged();
  ended_ = state == State::end;
  return state == State::full || (ended_ && !in_.empty());
}

model::Result<void> Unfolding::end() {
  if (!ended_ || !in_.empty()) return damaged();
  return {};
}

model::Failure Unfolding::damaged() const {
  return model::failure(FailureKind::bad_request, IssueCode::invalid,
                        "The body is damaged or cut short: it is not what Content-Encoding '" + std::string(coding_) + "' says");
}

std::unique_ptr<ContentDecoder> make_chain(std::unique_ptr<ContentDecoder> outer, std::unique_ptr<ContentDecoder> inner) {
  return std::make_unique<Chain>(std::move(outer), std::move(inner));
}

}  // namespace http
