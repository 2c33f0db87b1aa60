#include "fhir/http/admission.h"

namespace http {

bool Admission::enter(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (count_ >= most_) return false;
  if (!client.empty()) {
    const auto most_of_one = most_ - most_ / 8;
    const auto found = clients_.try_emplace(client).first;
    if (found->second >= most_of_one) return false;
    ++found->second;
  }
  ++count_;
  return true;
}

void Admission::leave(const std::string& client) {
  const std::lock_guard lock(mutex_);
  --count_;
  if (const auto found = clients_.find(client); found != clients_.end() && --found->second == 0) clients_.erase(found);
}

std::uint32_t Admission::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace http
