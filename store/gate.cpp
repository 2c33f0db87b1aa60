#include "store/gate.h"

namespace store {

namespace {

thread_local int depth = 0;  // entries less exits of this thread, at least 0: more than 0 means that it is probably inside

}  // namespace

void Gate::enter() {
  // Either this thread sees the gate closing, or the closing thread sees it inside: both orders are sequentially consistent.
  inside_.fetch_add(1);
  if (state_.load() != State::open) {
    step_out();
    std::unique_lock lock(mutex_);
    const auto may_enter = [this] { return state_.load() == State::open || (depth > 0 && state_.load() == State::closing); };
    while (!changed_.wait_for(lock, patience, may_enter)) {
      if (state_.load() == State::closing) break;  // still waiting for others, perhaps for this thread's own entry
    }
    inside_.fetch_add(1);
  }
  ++depth;
}

void Gate::leave() {
  if (depth > 0) --depth;
  step_out();
}

void Gate::step_out() {
  inside_.fetch_sub(1);
  if (state_.load() == State::open) return;
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void Gate::close_while(const std::function<void()>& fn) {
  {
    std::unique_lock lock(mutex_);
    state_.store(State::closing);
    changed_.wait(lock, [this] { return inside_.load() == 0; });
    state_.store(State::closed);  // still under the mutex: nobody was let in since
  }
  struct Reopen {
    Gate& gate;
    ~Reopen() {
      std::lock_guard lock(gate.mutex_);
      gate.state_.store(State::open);
      gate.changed_.notify_all();
    }
  } reopen{*this};
  fn();
}

}  // namespace store
