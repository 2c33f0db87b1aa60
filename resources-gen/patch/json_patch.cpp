// JSON Patch, RFC 6902.

#include <array>
#include <optional>
#include <vector>

#include "resources-gen/formats/json_tape.h"
#include "resources-gen/patch/json_pointer.h"
#include "resources-gen/patch/json_value.h"
#include "resources-gen/patch/patch.h"

namespace patch {
namespace {

using formats::JsonTape;
using formats::TokenIndex;
using model::failure;
using model::FailureKind;
using model::IssueCode;

constexpr std::uint32_t most_nesting = 1000;  // of the texts; the resource that comes of it is held to the reader's own limit
constexpr std::size_t most_faults = 100;      // listed

enum class Op : std::uint8_t { add, remove, replace, move, copy, test };
struct OpRow {
  std::string_view name;
  Op op;
  bool has_from;
  bool has_value;
};
constexpr std::array<OpRow, 6> op_rows{{
    {"add", Op::add, false, true},
    {"remove", Op::remove, false, false},
    {"replace", Op::replace, false, true},
    {"move", Op::move, true, false},
    {"copy", Op::copy, true, false},
    {"test", Op::test, false, true},
}};

struct Operation {
  const OpRow* row = nullptr;
  JsonPointer path, from;
  TokenIndex value = 0;
};

std::string shown(std::string_view text) { return "'" + std::string(text.substr(0, 200)) + "'"; }

// The resource while operations are carried out. Each returns why it cannot be; empty if it was done.
class Document {
 public:
  Document(const JsonTape& tape, const JsonTape& patch) : patch_(patch), root_(tape, 0) {}

  std::string run(const Operation& operation) {
    const auto& path = operation.path;
    switch (operation.row->op) {
      case Op::add:
        return add(path, JsonValue(patch_, operation.value));
      case Op::remove: {
        JsonValue removed;
        return remove(path, removed);
      }
      case Op::replace: {
        JsonValue* const target = find(path);
        if (target == nullptr) return fault_;
        *target = JsonValue(patch_, operation.value);
        return {};
      }
      case Op::move:
        return move(operation.from, path);
      case Op::copy:
        return copy(operation.from, path);
      case Op::test: {
        JsonValue* const target = find(path);
        if (target == nullptr) return fault_;
        JsonValue wanted(patch_, operation.value);
        if (equal(*target, wanted, budget_)) return {};
        return budget_.steps == 0 ? spent : "the value is another one";
      }
    }
    return {};
  }

  std::string text() const {
    std::string out;
    root_.write(out);
    return out;
  }
  bool too_costly() const { return too_costly_ || budget_.steps == 0; }

 private:
  static constexpr const char* spent = "the patch asks for too much work";

  // The value at the first `count` tokens; null, with fault_, if there is none.
  JsonValue* find(const JsonPointer& pointer, std::size_t count) {
    JsonValue* value = &root_;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& token = pointer.tokens[i];
      JsonValue* next = nullptr;
      if (value->is_object()) {
        if (auto* const part = value->find(token, budget_)) next = &part->value;
      } else if (value->is_array()) {
        const auto index = array_index(token);
        auto* const parts = value->open(budget_);
        if (index && parts != nullptr && *index < parts->size()) next = &(*parts)[*index].value;
      }
      if (next == nullptr) {
        fault_ = budget_.steps == 0 ? spent : "there is nothing at " + shown(prefix(pointer, i + 1));
        return nullptr;
      }
      value = next;
    }
    return value;
  }
  JsonValue* find(const JsonPointer& pointer) { return find(pointer, pointer.tokens.size()); }

  // The pointer to the first `count` tokens, as sent.
  static std::string prefix(const JsonPointer& pointer, std::size_t count) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < count && end != std::string::npos; ++i) end = pointer.text.find('/', end + 1);
    return pointer.text.substr(0, end);
  }

  std::string add(const JsonPointer& path, JsonValue value) {
    const std::size_t depth = value.depth(budget_);
    if (budget_.steps == 0) return spent;
    if (path.tokens.size() + depth > Budget::most_open) {
      too_costly_ = true;
      return "the resource would be nested too deeply";
    }
    if (path.tokens.empty()) {
      root_ = std::move(value);
      return {};
    }
    JsonValue* const parent = find(path, path.tokens.size() - 1);
    if (parent == nullptr) return fault_;
    const auto& token = path.tokens.back();
    if (parent->is_object()) {
      if (auto* const part = parent->find(token, budget_)) {
        part->value = std::move(value);
        return {};
      }
      auto* const parts = parent->open(budget_);
      if (parts == nullptr) return spent;
      parts->push_back({token, {}, std::move(value)});
      return {};
    }
    if (!parent->is_array()) return "what holds " + shown(path.text) + " is neither an object nor an array";
    auto* const parts = parent->open(budget_);
    if (parts == nullptr) return spent;
    const auto index = token == "-" ? parts->size() : array_index(token);
    if (!index) return shown(token) + " is no index of an array";
    if (*index > parts->size())
      return "the array has " + std::to_string(parts->size()) + " items: none can be put at " + shown(token);
    if (!budget_.spend(parts->size() - *index + 1)) return spent;
    parts->insert(parts->begin() + static_cast<std::ptrdiff_t>(*index), {{}, {}, std::move(value)});
    return {};
  }

  std::string remove(const JsonPointer& path, JsonValue& removed) {
    JsonValue* const target = find(path);
    if (target == nullptr) return fault_;
    if (path.tokens.empty()) return "the whole resource cannot be removed";
    removed = std::move(*target);
    JsonValue* const parent = find(path, path.tokens.size() - 1);
    auto* const parts = parent == nullptr ? nullptr : parent->open(budget_);
    if (parts == nullptr || !budget_.spend(parts->size())) return spent;
    auto at = parts->begin();
    while (&at->value != target) ++at;
    parts->erase(at);
    return {};
  }

  std::string move(const JsonPointer& from, const JsonPointer& path) {
    if (from.holds(path)) return "a value cannot be moved into itself";  // RFC 6902 4.4
    if (find(from) == nullptr) return fault_;
    if (from.tokens == path.tokens) return {};
    JsonValue value;
    if (auto fault = remove(from, value); !fault.empty()) return fault;
    return add(path, std::move(value));
  }

  std::string copy(const JsonPointer& from, const JsonPointer& path) {
    JsonValue* const source = find(from);
    if (source == nullptr) return fault_;
    const auto weight = source->weight();
    if (weight > budget_.copied_bytes) {
      too_costly_ = true;
      return "the patch's copies are too large";
    }
    budget_.copied_bytes -= weight;
    return add(path, JsonValue(*source));
  }

  const JsonTape& patch_;
  Budget budget_;
  JsonValue root_;
  std::string fault_;
  bool too_costly_ = false;
};

class JsonPatch final : public Patch {
 public:
  // Null, or the faults of the document.
  std::optional<model::Failure> read(std::string_view text) {
    if (const auto fault = tape_.read(text, most_nesting); !fault.message.empty()) {
      const auto place = formats::place_of_offset(text, fault.offset);
      model::Failure refused{FailureKind::bad_request, {}};
      refused.issues.add({model::Severity::error,
                          fault.too_large ? IssueCode::too_costly : IssueCode::structure,
                          "The JSON Patch is no JSON: " + fault.message,
                          {},
                          place.line,
                          place.column});
      return refused;
    }
    if (tape_.kind(0) != '[') {
      return failure(FailureKind::bad_request, IssueCode::structure,
                     "A JSON Patch is an array of operations, as in [{\"op\":\"add\",\"path\":\"/active\",\"value\":true}]");
    }
    for (TokenIndex at = 1, number = 0; at < tape_[0].link - 1; at = tape_.after(at), ++number) read_operation(at, number);
    if (!issues_.empty()) return model::Failure{FailureKind::bad_request, std::move(issues_)};
    return std::nullopt;
  }

  model::Result<std::string> apply(const model::Tree& resource) const override {
    JsonTape tape;
    if (const auto fault = tape.read(resource.source(), most_nesting); !fault.message.empty()) {
      return failure(FailureKind::internal, IssueCode::exception, "a resource is no JSON: " + fault.message);
    }
    Document document(tape, tape_);
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const auto& operation = operations_[i];
      if (const auto fault = document.run(operation); !fault.empty()) {
        std::string places = operation.row->has_from ? " from " + shown(operation.from.text) + " to " : " ";
        return failure(FailureKind::unprocessable,
                       document.too_costly()           ? IssueCode::too_costly
                       : operation.row->op == Op::test ? IssueCode::conflict
                                                       : IssueCode::not_found,
                       "Operation " + std::to_string(i) + ", " + std::string(operation.row->name) + places +
                           shown(operation.path.text) + ": " + fault);
      }
    }
    return document.text();
  }

 private:
  void fault(std::size_t number, const std::string& text) {
    if (issues_.size() < most_faults) issues_.error(IssueCode::structure, "Operation " + std::to_string(number) + ": " + text);
  }

  void read_operation(TokenIndex token, std::size_t number) {
    if (tape_.kind(token) != '{') return fault(number, "it is no object");
    struct Wanted {
      const char* name;
      std::optional<TokenIndex> token;
    };
    std::array<Wanted, 4> members{{{"op", {}}, {"path", {}}, {"from", {}}, {"value", {}}}};
    for (TokenIndex at = token + 1; at < tape_[token].link - 1; at = tape_.after(at + 1)) {
      const std::string name = JsonValue(tape_, at).string();
      for (auto& member : members) {
        if (member.name != name) continue;
        // RFC 6902 A.13: such a document is invalid.
        if (member.token) fault(number, std::string("it has '") + member.name + "' twice");
        member.token = at + 1;
      }
    }
    const auto text_of = [&](const Wanted& member) -> std::optional<std::string> {
      if (member.token && tape_.kind(*member.token) == '"') return JsonValue(tape_, *member.token).string();
      fault(number, std::string(member.token ? "its '" : "it has no '") + member.name + (member.token ? "' is no string" : "'"));
      return std::nullopt;
    };
    const auto pointer_of = [&](const Wanted& member, JsonPointer& pointer) {
      const auto text = text_of(member);
      if (!text) return;
      if (auto parsed = JsonPointer::parse(*text)) {
        pointer = std::move(*parsed);
      } else {
        fault(number, std::string("its '") + member.name + "' " + shown(*text) +
                          " is no JSON Pointer (RFC 6901): it begins with '/', and '~' stands there as ~0 or ~1 only");
      }
    };
    Operation operation;
    pointer_of(members[1], operation.path);
    const auto name = text_of(members[0]);
    if (!name) return;
    for (const auto& row : op_rows) {
      if (row.name == *name) operation.row = &row;
    }
    if (operation.row == nullptr)
      return fault(number, shown(*name) + " is no operation: there are add, remove, replace, move, copy and test");
    if (operation.row->has_from) pointer_of(members[2], operation.from);
    if (operation.row->has_value) {
      if (!members[3].token) return fault(number, "it has no 'value'");
      operation.value = *members[3].token;
    }
    operations_.push_back(std::move(operation));
  }

  JsonTape tape_;
  std::vector<Operation> operations_;
  model::Issues issues_;
};

}  // namespace

model::Result<PatchPtr> parse_json_patch(std::string_view text) {
  auto patch = std::make_shared<JsonPatch>();
  if (auto refused = patch->read(text)) return std::move(*refused);
  return PatchPtr(std::move(patch));
}

}  // namespace patch
