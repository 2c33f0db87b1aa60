// JsonValue: a JSON text that is being edited. What is not edited stays a range of the text it came from, bytes untouched.
//
// A value begins as a token of a JsonTape and is opened, one level, only where an edit goes through it. Refers to the tape, which
// must outlive it and stay where it is. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/formats/json_tape.h"

namespace patch {

// What editing may cost. Counted down; at zero the work is refused.
struct Budget {
  std::uint64_t steps = 50'000'000;              // members looked at, items moved, values compared
  std::uint64_t copied_bytes = 64u << 20;        // made by copies: text, and memory of what is open
  static constexpr std::size_t most_open = 300;  // nesting of opened values: bounds recursion

  // False once it is spent.
  bool spend(std::uint64_t count) {
    steps -= count < steps ? count : steps;
    return steps != 0;
  }
};

class JsonValue {
 public:
  struct Part;  // a member of an object, or an item of an array

  JsonValue();  // null
  JsonValue(const formats::JsonTape& tape, formats::TokenIndex token);
  static JsonValue object();
  static JsonValue array();

  // The first byte of its JSON: `{`, `[`, `"`, `-` or a digit, `t`, `f`, `n`.
  char kind() const { return kind_; }
  bool is_object() const { return kind_ == '{'; }
  bool is_array() const { return kind_ == '['; }
  bool is_null() const { return kind_ == 'n'; }
  bool is_string() const { return kind_ == '"'; }
  // Of a string, its contents without escapes.
  std::string string() const;

  // The parts of an object or array, in order; opens it. Null once the budget does not suffice.
  std::vector<Part>* open(Budget& budget);
  // The member of that name; null if there is none, or this is no object. Opens it.
  Part* find(std::string_view name, Budget& budget);

  void write(std::string& out) const;
  // How deep it is opened: 0 if it is not. Looks through all that is open.
  std::size_t depth(Budget& budget) const;
  // What a copy of it costs: bytes of text, and memory for what is open.
  std::uint64_t weight() const;

 private:
  std::string_view raw() const;

  const formats::JsonTape* tape_ = nullptr;  // null: opened, or made here
  formats::TokenIndex token_ = 0;
  char kind_ = 'n';
  std::vector<Part> parts_;
  friend bool equal(JsonValue& a, JsonValue& b, Budget& budget);
};

struct JsonValue::Part {
  std::string name;          // of a member, escapes resolved
  std::string_view written;  // the name as it stands in a tape, between its quotes; empty if it was made here
  JsonValue value;
};

// RFC 6902 4.6: numbers by value, strings by characters, objects whatever the order. Opens what it must look into. False also
// where the budget is spent.
bool equal(JsonValue& a, JsonValue& b, Budget& budget);

// True if two JSON numbers are numerically equal: 1.50 and 15e-1.
bool equal_numbers(std::string_view a, std::string_view b);

}  // namespace patch
