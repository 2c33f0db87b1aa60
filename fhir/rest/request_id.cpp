#include "fhir/rest/request_id.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>

namespace rest {
namespace {

constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";
constexpr std::size_t prefix_digits = 8, count_digits = 7;
constexpr std::uint64_t counts = std::uint64_t{1} << (5 * count_digits);

class IdRun {
 public:
  // 15 characters: as many as a std::string holds without memory of its own.
  std::string next() {
    if (left_ == 0) begin();
    --left_;
    std::string id(prefix_digits + count_digits, '\0');
    std::copy(prefix_.begin(), prefix_.end(), id.begin());
    auto count = count_++;
    for (std::size_t i = id.size(); i > prefix_digits; --i, count >>= 5) id[i - 1] = digits[count & 31];
    return id;
  }

 private:
  // From a random count on, so that two runs that draw the same prefix hardly meet.
  void begin() {
    std::random_device device;
    for (auto& digit : prefix_) digit = digits[device() & 31];
    count_ = ((std::uint64_t{device()} << 32) | device()) % counts;
    left_ = counts;
  }
  std::array<char, prefix_digits> prefix_{};
  std::uint64_t count_ = 0, left_ = 0;
};

}  // namespace

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string new_request_id() {
  thread_local IdRun run;
  return run.next();
}

void add_request_ids(std::string_view request_id, std::string_view correlation_id, Response& response) {
  response.headers.emplace_back("X-Request-Id", is_request_id(request_id) ? std::string(request_id) : new_request_id());
  if (is_request_id(correlation_id)) response.headers.emplace_back("X-Correlation-Id", correlation_id);
}

}  // namespace rest
