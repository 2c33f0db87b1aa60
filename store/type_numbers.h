// TypeNumbers: the schema's types under the numbers that the store keeps them by, and the newest document of each.
//
// The store names types once, in meta; a rebuilt schema may renumber its own. Read by any thread, changed by the writer's.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resources-gen/model/schema.h"
#include "store/record.h"

namespace store {

class TypeNumbers {
 public:
  explicit TypeNumbers(const model::Schema& schema);

  TypeNumber number(model::TypeId type) const {  // 0: nothing of the type was stored
    return type < schema_.types.size() ? numbers_[type].load(std::memory_order_acquire) : TypeNumber{0};
  }
  model::TypeId type(TypeNumber number) const {  // no_type if the schema does not know it
    return number <= max_type_number ? types_[number].load(std::memory_order_acquire) : model::no_type;
  }
  Document head(TypeNumber number) const {  // the newest published document of the type
    return number <= max_type_number ? heads_[number].load(std::memory_order_acquire) : 0;
  }

  std::size_t count() const { return count_.load(std::memory_order_acquire); }  // numbers in use: 1 to count()

  // The writer's. assign() gives a number to a type that has none; throws if the type is unknown or the numbers are used up.
  TypeNumber assign(model::TypeId type);
  std::string name(TypeNumber number) const { return number == 0 ? std::string() : names_.at(number - std::size_t{1}); }
  // What stands before the name in stored types' names that end with it: "Related" for Person.
  std::vector<std::string> before(std::string_view name) const;
  void set_head(TypeNumber number, Document head) { heads_[number].store(head, std::memory_order_release); }
  // The meta value: names in the order of their numbers, each ended by a line feed.
  std::string encode() const;
  bool decode(std::string_view names);

 private:
  void add(std::string_view name);

  const model::Schema& schema_;
  std::unique_ptr<std::atomic<TypeNumber>[]> numbers_;
  std::array<std::atomic<model::TypeId>, max_type_number + 1> types_;
  std::array<std::atomic<Document>, max_type_number + 1> heads_;
  std::vector<std::string> names_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace store
