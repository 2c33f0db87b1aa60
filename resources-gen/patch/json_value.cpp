#include "resources-gen/patch/json_value.h"

#include <algorithm>
#include <charconv>

#include "resources-gen/formats/json.h"
#include "resources-gen/formats/json_strings.h"

namespace patch {
namespace {

constexpr std::uint64_t part_weight = sizeof(JsonValue::Part);

// A number without its spelling: 0.digits x 10^exponent, no zeros around the digits.
struct Plain {
  bool negative = false;
  std::string digits;
  std::int64_t exponent = 0;
  bool known = true;  // false: an exponent beyond all reason
};

Plain plain(std::string_view text) {
  Plain number;
  if (text.starts_with('-')) {
    number.negative = true;
    text.remove_prefix(1);
  }
  const auto e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    auto power = text.substr(e + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), number.exponent);
    constexpr std::int64_t reason = 1'000'000'000'000;
    number.known =
        error == std::errc() && end == power.data() + power.size() && number.exponent < reason && number.exponent > -reason;
  }
  const auto mantissa = text.substr(0, e);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  number.digits = mantissa.substr(0, point);
  number.exponent += static_cast<std::int64_t>(point);
  if (point < mantissa.size()) number.digits += mantissa.substr(point + 1);
  const auto first = number.digits.find_first_not_of('0');
  if (first == std::string::npos) return {};  // zero, whatever its sign and exponent
  number.digits.erase(0, first);
  number.exponent -= static_cast<std::int64_t>(first);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  return number;
}

}  // namespace

JsonValue::JsonValue() = default;
JsonValue::JsonValue(const formats::JsonTape& tape, formats::TokenIndex token)
    : tape_(&tape), token_(token), kind_(tape.kind(token)) {}

JsonValue JsonValue::object() {
  JsonValue value;
  value.kind_ = '{';
  return value;
}

JsonValue JsonValue::array() {
  JsonValue value;
  value.kind_ = '[';
  return value;
}

std::string_view JsonValue::raw() const {
  if (tape_ == nullptr) return "null";
  const auto begin = (*tape_)[token_].begin;
  return tape_->source().substr(begin, tape_->stop(token_) - begin);
}

std::string JsonValue::string() const {
  std::string text;
  if (is_string()) formats::append_unescaped(text, tape_->raw_string(token_));
  return text;
}

std::vector<JsonValue::Part>* JsonValue::open(Budget& budget) {
  if (tape_ == nullptr || !tape_->is_container(token_)) return &parts_;
  const auto end = (*tape_)[token_].link - 1;
  for (auto at = token_ + 1; at < end;) {
    if (!budget.spend(1)) return nullptr;
    auto& part = parts_.emplace_back();
    if (is_object()) {
      part.written = tape_->raw_string(at);
      formats::append_unescaped(part.name, part.written);
      ++at;
    }
    part.value = JsonValue(*tape_, at);
    at = tape_->after(at);
  }
  tape_ = nullptr;
  return &parts_;
}

JsonValue::Part* JsonValue::find(std::string_view name, Budget& budget) {
  if (!is_object()) return nullptr;
  auto* parts = open(budget);
  if (parts == nullptr || !budget.spend(parts->size() + 1)) return nullptr;
  const auto found = std::find_if(parts->begin(), parts->end(), [&](const Part& part) { return part.name == name; });
  return found == parts->end() ? nullptr : &*found;
}

void JsonValue::write(std::string& out) const {
  if (tape_ != nullptr || (!is_object() && !is_array())) {
    out += raw();
    return;
  }
  out += kind_;
  bool first = true;
  for (const auto& part : parts_) {
    if (!first) out += ',';
    first = false;
    if (is_object()) {
      if (part.written.data() != nullptr) {
        out.append("\"").append(part.written).append("\":");
      } else {
        formats::append_string(out, part.name);
        out += ':';
      }
    }
    part.value.write(out);
  }
  out += is_object() ? '}' : ']';
}

std::size_t JsonValue::depth(Budget& budget) const {
  if (tape_ != nullptr || (!is_object() && !is_array())) return 0;
  std::size_t deepest = 0;
  for (const auto& part : parts_) {
    if (!budget.spend(1)) break;
    deepest = std::max(deepest, part.value.depth(budget));
  }
  return deepest + 1;
}

std::uint64_t JsonValue::weight() const {
  if (tape_ != nullptr || (!is_object() && !is_array())) return raw().size();
  std::uint64_t sum = 2;
  for (const auto& part : parts_) sum += part_weight + part.name.size() + part.value.weight();
  return sum;
}

bool equal_numbers(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto x = plain(a), y = plain(b);
  return x.known && y.known && x.negative == y.negative && x.exponent == y.exponent && x.digits == y.digits;
}

bool equal(JsonValue& a, JsonValue& b, Budget& budget) {
  if (!budget.spend(1)) return false;
  const auto is_number = [](char kind) { return kind == '-' || (kind >= '0' && kind <= '9'); };
  if (is_number(a.kind()) && is_number(b.kind()))
    return budget.spend((a.raw().size() + b.raw().size()) / 4) && equal_numbers(a.raw(), b.raw());
  if (a.kind() != b.kind()) return false;
  if (a.is_string()) {
    return budget.spend((a.raw().size() + b.raw().size()) / 16) && (a.raw() == b.raw() || a.string() == b.string());
  }
  if (!a.is_object() && !a.is_array()) return true;
  if (a.tape_ != nullptr && b.tape_ != nullptr) {
    if (!budget.spend(std::min(a.raw().size(), b.raw().size()) / 64)) return false;
    if (a.raw() == b.raw()) return true;
  }
  auto* const left = a.open(budget);
  auto* const right = b.open(budget);
  if (left == nullptr || right == nullptr || left->size() != right->size()) return false;
  for (std::size_t i = 0; i < left->size(); ++i) {
    auto* other = &(*right)[i];
    if (a.is_object() && other->name != (*left)[i].name) other = b.find((*left)[i].name, budget);
    if (other == nullptr || !equal((*left)[i].value, other->value, budget)) return false;
  }
  return true;
}

}  // namespace patch
