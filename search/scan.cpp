#include "search/scan.h"

namespace search {

Scan exact_scan(std::string term) {
  Scan scan;
  scan.high = term;
  scan.high.push_back('\0');
  scan.low = std::move(term);
  scan.unique = true;
  return scan;
}

std::string after_prefix(std::string_view prefix) {
  std::string next(prefix);
  while (!next.empty() && next.back() == '\xff') next.pop_back();
  if (!next.empty()) next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
  return next;
}

Scan prefix_scan(std::string prefix) {
  Scan scan;
  scan.high = after_prefix(prefix);
  scan.low = std::move(prefix);
  return scan;
}

}  // namespace search
