// JsonReader: the typed pass of read_json. The tape has been made; here its tokens meet the schema and become nodes.
//
// Internal to formats: json.h has what others call. A reader reads one text and is done; its Scratch may serve the next.
// json_reader.cpp has objects, their members and the faults; json_values.cpp what stands behind a member's name.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "resources-gen/formats/findings.h"
#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_tape.h"
#include "resources-gen/model/tree_builder.h"

namespace formats {

// "a string", "an object" ... for the first byte of a JSON value.
std::string_view json_kind(char first);
// A client's text in a diagnostic: its first 80 bytes, not cut inside a character.
std::string shown(std::string_view text);

class JsonReader {
 public:
  // A member of the object being read: an element's value, its extension part (`_x`), or both.
  struct Member {
    model::ElementId element;
    model::TypeId type;
    TokenIndex value;
    TokenIndex twin;
  };
  // Memory reused from call to call. members and slots are stacks: an object's part ends where its parent's goes on.
  struct Scratch {
    JsonTape tape;
    std::vector<Member> members;
    std::vector<std::uint32_t> slots;  // by child element of the object: 1 + position in members, 0 for none
    std::string name;
  };

  JsonReader(std::string_view text, const model::Schema& schema, const ReadLimits& limits, Scratch& scratch)
      : text_(text),
        schema_(schema),
        limits_(limits),
        tape_(scratch.tape),
        scratch_(scratch),
        builder_(schema),
        nodes_(builder_.nodes()) {
    scratch.members.clear();
    scratch.slots.clear();
  }

  // All of read_json but for the faults of content: findings() has them, list_issues() places them.
  ReadResult read();
  void list_issues(ReadResult& result);
  Findings& findings() { return findings_; }  // by offset in source()

 private:
  static constexpr TokenIndex none = 0;                                // token 0 is the root object: no member's value
  enum class Content : std::uint8_t { complex, resource, primitive };  // whose members an object holds
  // What a fault is about: `parent`, or if given the element under it.
  struct Spot {
    model::NodeIndex parent = model::no_node;
    model::ElementId element = model::no_element;
    std::uint32_t index = 0;
  };
  // The values of one element: a single token, the items of an array, or nothing.
  struct Run {
    TokenIndex at = none, stop = none;
    bool array = false;
    bool done() const { return at >= stop; }
  };

  void read_members(model::NodeIndex node, model::ElementId owner, TokenIndex object, Content content);
  void note_member(model::NodeIndex node, model::ElementId owner, TokenIndex name, Content content, std::size_t slots,
                   std::size_t members);
  void check_required(model::NodeIndex node, model::ElementId owner, TokenIndex object, std::size_t slots);
  void read_element(model::NodeIndex parent, const Member& member);
  void read_complex(model::NodeIndex parent, const Member& member, TokenIndex value, std::uint32_t index, bool in_array);
  void read_primitive(model::NodeIndex parent, const Member& member, TokenIndex value, TokenIndex twin, std::uint32_t index,
                      bool in_array);
  bool read_value(const Spot& spot, model::Primitive primitive, TokenIndex value, model::Node& node);
  void check_xhtml(const Spot& spot, TokenIndex value, std::string_view text);
  Run run_of(const Spot& spot, TokenIndex value, const model::ElementRow& row);
  void check_count(const Spot& spot, TokenIndex value, const model::ElementRow& row, std::uint32_t count);
  model::TypeId actual_type(const Spot& spot, TokenIndex object, TokenIndex& type_value);
  model::TypeId type_of(model::ElementId element) const;
  std::string_view name_of(TokenIndex name);
  model::NodeIndex push(model::NodeIndex parent, model::ElementId element, model::TypeId type, model::ValueKind kind,
                        TokenIndex value, std::uint32_t index, bool in_array);

  std::string expression(const Spot& spot) const;
  template <typename... Arguments>
  void fault(model::IssueCode code, std::uint32_t offset, const Spot& spot, fmt::format_string<Arguments...> format,
             Arguments&&... arguments) {
    note(model::Severity::error, code, offset, spot, fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  void note(model::Severity severity, model::IssueCode code, std::uint32_t offset, const Spot& spot, std::string text) {
    if (findings_.takes(severity)) findings_.add(offset, {severity, code, std::move(text), expression(spot)});
  }

  std::string_view text_;
  const model::Schema& schema_;
  const ReadLimits& limits_;
  JsonTape& tape_;
  Scratch& scratch_;
  model::TreeBuilder builder_;
  std::vector<model::Node>& nodes_;
  Findings findings_{limits_.max_issues};
};

// read_json of a text that a reader of another format made: the faults of its content, by offset, are for the caller to place.
ReadResult read_json_unplaced(std::string_view minified, const model::Schema& schema, const ReadLimits& limits,
                              Findings& findings);

}  // namespace formats
