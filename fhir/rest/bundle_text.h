// BundleText: a Bundle in minified JSON, written member by member. Bodies of resources are copied in as they are stored.
//
// R4 bundle.html. Order of calls: begin (constructor), total, link ..., entry ..., end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rest {

// What resources may take of an answer. A page ends early rather than grow beyond the first, unless one resource is larger; what
// a page includes, and the answers to a Bundle's entries, have the second.
inline constexpr std::size_t most_page_bytes = 16u << 20;
inline constexpr std::size_t most_answer_bytes = 64u << 20;

class BundleText {
 public:
  explicit BundleText(std::string_view type, std::size_t expected_bytes = 4096);

  void total(std::uint64_t total);
  void link(std::string_view relation, std::string_view url);

  // An entry is open from begin_entry() to end_entry(); members in any order, each at most once.
  void begin_entry();
  void member(std::string_view name, std::string_view json);  // as it is: a resource, an object
  void text(std::string_view name, std::string_view value);   // as a JSON string
  void begin_object(std::string_view name);                   // "request", "response", "search"
  void end_object();
  void end_entry();

  std::size_t size() const { return out_.size(); }
  std::string end();

 private:
  enum class Part { head, links, entries };
  void name(std::string_view name);
  void enter(Part part);

  std::string out_;
  Part part_ = Part::head;
  bool first_member_ = true;
  bool first_item_ = true;
};

}  // namespace rest
