#include "fhir/rest/request_id.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace rest {
namespace {

constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
constexpr std::size_t prefix_digits = 8, count_digits = 7;

// The next id as text, counted in place: of most ids only the last digit is touched.
class IdRun {
 public:
  std::string_view next() {
    if (left_ == 0) begin();
    --left_;
    for (std::size_t i = text_.size(); i > prefix_digits; --i) {
      char& digit = text_[i - 1];
      digit = digit == '9' ? 'a' : digit == 'v' ? '0' : static_cast<char>(digit + 1);
      if (digit != '0') break;  // else it carries
    }
    return {text_.data(), text_.size()};
  }

 private:
  // From a random count on, so that two runs that draw the same prefix hardly meet.
  void begin() {
    std::random_device device;
    for (auto& digit : text_) digit = digits[device() & 31];
    left_ = std::uint64_t{1} << (5 * count_digits);
  }
  std::array<char, prefix_digits + count_digits> text_{};
  std::uint64_t left_ = 0;
};

}  // namespace

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string_view new_request_id() {
  thread_local IdRun run;
  return run.next();
}

void add_request_ids(std::string_view request_id, std::string_view correlation_id, Response& response) {
  response.headers.emplace_back("X-Request-Id", is_request_id(request_id) ? request_id : new_request_id());
  if (is_request_id(correlation_id)) response.headers.emplace_back("X-Correlation-Id", correlation_id);
}

}  // namespace rest
