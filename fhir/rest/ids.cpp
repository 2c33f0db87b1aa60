#include "fhir/rest/ids.h"

#include <random>

#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

constexpr std::int64_t epoch_2020 = 1577836800000;             // 2020-01-01T00:00:00Z in milliseconds since 1970
constexpr char digits[] = "0123456789abcdefghijklmnopqrstuv";  // base 32 in the order of their bytes

void put_digits(char* out, std::uint64_t value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = digits[value & 31];
    value >>= 5;
  }
}

}  // namespace

IdSource::IdSource() {
  std::random_device device;
  run_ = ((std::uint64_t{device()} << 32) | device()) & ((std::uint64_t{1} << 35) - 1);
}

std::string IdSource::next() {
  const auto now = model::now_ms() - epoch_2020;
  const auto floor = static_cast<std::uint64_t>(now > 0 ? now : 0) << 20;
  auto last = last_.load(std::memory_order_relaxed);
  std::uint64_t mine = 0;
  do {
    mine = last + 1 > floor ? last + 1 : floor;
  } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
  std::string id(20, '\0');
  put_digits(id.data(), mine, 13);
  put_digits(id.data() + 13, run_, 7);
  return id;
}

}  // namespace rest
