#include "fhir/http/memory_budget.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace http {

std::uint64_t machine_memory() {
  auto bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
  for (const auto* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::uint64_t most = 0;
    if (file >> most && most > 0) bytes = std::min(bytes, most);  // "max": none
  }
  return bytes;
}

bool MemoryBudget::change(const std::string& client, std::uint64_t from, std::uint64_t to, bool anyway) {
  const std::lock_guard lock(mutex_);
  const auto own = client.empty() ? clients_.end() : clients_.find(client);
  const std::uint64_t had = own == clients_.end() ? 0 : own->second;
  if (!anyway && to > from && used_ > from) {  // others have some
    if (used_ - from + to > limit_) return false;
    if (had > from && had - from + to > limit_ / 2) return false;
  }
  used_ = used_ - from + to;
  if (client.empty()) return true;
  if (had - from + to == 0) {
    clients_.erase(own);
  } else if (own != clients_.end()) {
    own->second = had - from + to;
  } else {
    clients_.emplace(client, to);
  }
  return true;
}

}  // namespace http
