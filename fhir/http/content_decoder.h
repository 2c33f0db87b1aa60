// ContentDecoder: a content coding undone piece by piece (RFC 9110 8.4.1), for bodies that are kept whole and for those that go
// on while they come. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace http {

class ContentDecoder {
 public:
  virtual ~ContentDecoder() = default;
  // The next piece of what was sent; read with decode().
  virtual void feed(std::string piece) = 0;
  // Appends at most 256 kB of content to `out`; false: all of what was fed is used up. Fails with bad_request on damage, and with
  // too_large as soon as there is more content than the limit: no more of it is unfolded.
  virtual model::Result<bool> decode(std::string& out) = 0;
  // After the last piece: whether the coding has come to its end.
  virtual model::Result<void> end() = 0;
  // Bytes that it holds at most, its window above all.
  virtual std::uint64_t memory() const = 0;
};

// What the codings share. One of them takes from the front of `in`, and writes at most `room` bytes to `out`.
class Unfolding : public ContentDecoder {
 public:
  // `coding`: as diagnostics call it; static text. `window`: bytes of the largest that it takes.
  Unfolding(std::string_view coding, std::uint64_t limit, std::uint64_t window)
      : coding_(coding), limit_(limit), window_(window) {}
  void feed(std::string piece) override;
  model::Result<bool> decode(std::string& out) override;
  model::Result<void> end() override;
  std::uint64_t memory() const override { return window_ + window_ / 16 + (64u << 10); }

 protected:
  // hungry: it can do no more with what there is; full: there may be more to come from it; end: the content may end here, and
  // what follows begins anew.
  enum class State { hungry, full, end, bad, no_memory };
  virtual State unfold(std::string_view& in, char* out, std::size_t room, std::size_t& written) = 0;
  // After an end, with more to read: whether the coding lets content go on. (gzip's members, zstd's frames.)
  virtual bool begin_again() = 0;

 private:
  model::Failure damaged() const;

  std::string_view coding_;
  std::uint64_t limit_, window_, unfolded_ = 0;
  std::string piece_;
  std::string_view in_;  // what is left of it
  bool ended_ = false;
};

// Undoes `outer`, then `inner`.
std::unique_ptr<ContentDecoder> make_chain(std::unique_ptr<ContentDecoder> outer, std::unique_ptr<ContentDecoder> inner);

}  // namespace http
