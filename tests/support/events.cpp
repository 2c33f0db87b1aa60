#include "tests/support/events.h"

#include <utility>

namespace tests {

void EventReader::take(std::string_view bytes, std::vector<Event>& events) {
  rest_.append(bytes);
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    line(std::string_view(rest_).substr(begin, end - begin), events);
    begin = end + 1;
  }
  rest_.erase(0, begin);
}

void EventReader::line(std::string_view text, std::vector<Event>& events) {
  if (text.empty()) {
    last_id_ = id_;
    if (any_data_) events.push_back({id_, std::move(data_)});
    data_.clear();
    any_data_ = false;
    return;
  }
  if (text.front() == ':') {
    ++comments_;
    return;
  }
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") id_ = value;
  if (field != "data") return;
  if (any_data_) data_.push_back('\n');
  data_.append(value);
  any_data_ = true;
}

}  // namespace tests
