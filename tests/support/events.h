// Events: a stream of server-sent events taken apart as the HTML Living Standard (9.2.6) has clients do it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tests {

struct Event {
  std::string id;
  std::string data;  // lines, with a line feed between them
};

class EventReader {
 public:
  // Takes what has come; appends the events that it completes.
  void take(std::string_view bytes, std::vector<Event>& events);
  // Where a client goes on that connects again: the id of the last event that was complete, with data or without.
  const std::string& last_id() const { return last_id_; }
  int comments() const { return comments_; }

 private:
  void line(std::string_view text, std::vector<Event>& events);

  std::string rest_;  // of a line
  std::string id_, last_id_, data_;
  bool any_data_ = false;
  int comments_ = 0;
};

}  // namespace tests
