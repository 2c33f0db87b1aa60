#include "store/observers.h"

#include <utility>

namespace store {

std::shared_ptr<void> Observers::add(std::function<void()> function) {
  const std::lock_guard lock(list_->mutex);
  const auto place = list_->functions.insert(list_->functions.end(), std::move(function));
  ++list_->count;
  return {nullptr, [list = list_, place](void*) {
            const std::lock_guard ending(list->mutex);
            list->functions.erase(place);
            --list->count;
          }};
}

void Observers::notify() {
  if (list_->count == 0) return;
  const std::lock_guard lock(list_->mutex);
  for (const auto& function : list_->functions) {
    try {
      function();
    } catch (...) {
      // The others are told.
    }
  }
}

std::size_t Observers::size() const { return list_->count; }

}  // namespace store
