// Replies: what requests that carry a key were answered, kept in the commits of their writes, so that a retry is given the same.
//
// The space `replies` as README.md has it: every reply under its key, and under its time, by which the old ones are swept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/engine.h"
#include "store/store.h"

namespace store {

inline constexpr std::size_t max_reply_key = 64;
// What a reply begins with tells of no resource (a form and a digest: fhir/rest/once.cpp): it outlives an erasure, so that the
// request still counts as carried out.
inline constexpr std::size_t reply_head = 33;

struct Reply {
  std::int64_t time = 0;  // milliseconds since 1970: when it was kept
  Document document = 0;  // the newest document then, its own operation's included: readers who see that may see the reply
  std::string text;
};

// Whether a reply of `time` has had its life of so many milliseconds.
inline bool expired(std::int64_t time, std::int64_t now, std::int64_t life) { return time < now - life; }

// Nothing if there is none. Throws EngineError if it is damaged.
std::optional<Reply> find_reply(const Snapshot& snapshot, std::string_view key);
// Puts it in the place of an older one under that key.
void put_reply(Transaction& out, std::string_view key, const Reply& reply);

// Erases replies older than `before`, at most `limit`, the oldest first. Returns the time of the oldest that is left; nothing if
// none is.
std::optional<std::int64_t> sweep_replies(Transaction& out, std::int64_t before, std::size_t limit);

// The keys of replies whose text holds one of `names`, no further letter, digit, '-' or '.' behind it and none of `before` before
// it. Reads them all.
std::vector<std::string> replies_that_name(const Snapshot& snapshot, const std::vector<std::string>& names,
                                           const std::vector<std::string>& before);
// Leaves a reply's head only.
void cut_reply(Transaction& out, std::string_view key);

// One slice of a check of the space, from `key` on, which it moves; false: that was the last. Faults are appended.
bool check_replies(const Snapshot& snapshot, std::string& key, std::size_t limit, std::uint64_t& count,
                   std::vector<std::string>& faults);

}  // namespace store
