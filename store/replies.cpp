#include "store/replies.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "store/bytes.h"
#include "store/record.h"

namespace store {

namespace {

constexpr char by_time = 0;
constexpr char by_key = 1;

std::string key_entry(std::string_view key) { return std::string(1, by_key).append(key); }

std::string time_entry(std::int64_t time, std::string_view key) {
  const auto bytes = document_key(static_cast<std::uint64_t>(time));  // big-endian: in the order of time
  return std::string(1, by_time).append(view(bytes)).append(key);
}

// The time of an entry by time; its key is what follows.
std::int64_t time_of(std::string_view entry) { return static_cast<std::int64_t>(parse_document_key(entry.substr(1, 8))); }
std::string_view key_of(std::string_view entry) { return entry.substr(9); }
bool is_time_entry(std::string_view entry) { return entry.size() > 9 && entry.front() == by_time; }

std::string encode(const Reply& reply) {
  std::string out(4, '\0');  // the checksum
  append_varint(out, static_cast<std::uint64_t>(reply.time));
  append_varint(out, reply.document);
  out.append(reply.text);
  const std::uint32_t sum = crc32c(std::string_view(out).substr(4));
  std::memcpy(out.data(), &sum, sizeof sum);
  return out;
}

bool decode(std::string_view value, Reply& out) {
  if (value.size() < 4) return false;
  std::uint32_t sum;
  std::memcpy(&sum, value.data(), sizeof sum);
  if (sum != crc32c(value.substr(4))) return false;
  ByteReader in(value.substr(4));
  out.time = static_cast<std::int64_t>(in.varint());
  out.document = in.varint();
  out.text = in.rest();
  return in.ok();
}

}  // namespace

std::optional<Reply> find_reply(const Snapshot& snapshot, std::string_view key) {
  const auto value = snapshot.get(Space::replies, key_entry(key));
  if (!value) return std::nullopt;
  Reply reply;
  if (!decode(*value, reply)) throw EngineError("a reply that was kept is damaged");
  return reply;
}

void put_reply(Transaction& out, std::string_view key, const Reply& reply) {
  if (const auto old = find_reply(out, key)) out.erase(Space::replies, time_entry(old->time, key));
  out.put(Space::replies, key_entry(key), encode(reply));
  out.put(Space::replies, time_entry(reply.time, key), {});
}

std::optional<std::int64_t> sweep_replies(Transaction& out, std::int64_t before, std::size_t limit) {
  std::vector<std::string> old;
  std::optional<std::int64_t> left;
  {
    const auto cursor = out.cursor(Space::replies);
    for (bool there = cursor->seek({}); there && is_time_entry(cursor->key()); there = cursor->next()) {
      if (time_of(cursor->key()) >= before || old.size() == limit) {
        left = time_of(cursor->key());
        break;
      }
      old.emplace_back(cursor->key());
    }
  }
  for (const std::string& entry : old) {
    out.erase(Space::replies, entry);
    out.erase(Space::replies, key_entry(key_of(entry)));
  }
  return left;
}

std::vector<std::string> replies_that_name(const Snapshot& snapshot, const std::vector<std::string>& names,
                                           const std::vector<std::string>& before) {
  const auto part_of_id = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  };
  const auto holds = [&](std::string_view text, const std::string& name) {
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
      if (std::any_of(before.begin(), before.end(), [&](const auto& each) { return text.substr(0, at).ends_with(each); }))
        continue;
      auto rest = text.substr(at + name.size());
      if (rest.starts_with('.')) rest.remove_prefix(1);  // the end of a sentence, perhaps
      if (rest.empty() || !part_of_id(rest.front())) return true;
    }
    return false;
  };
  std::vector<std::string> keys;
  const auto cursor = snapshot.cursor(Space::replies);
  for (bool there = cursor->seek(std::string(1, by_key)); there; there = cursor->next()) {
    Reply reply;
    if (!decode(cursor->value(), reply)) throw EngineError("a reply that was kept is damaged");
    for (const std::string& name : names) {
      if (!holds(reply.text, name)) continue;
      keys.emplace_back(cursor->key().substr(1));
      break;
    }
  }
  return keys;
}

void cut_reply(Transaction& out, std::string_view key) {
  auto reply = find_reply(out, key);
  if (!reply || reply->text.size() <= reply_head) return;
  reply->text.resize(reply_head);
  put_reply(out, key, *reply);
}

bool check_replies(const Snapshot& snapshot, std::string& key, std::size_t limit, std::uint64_t& count,
                   std::vector<std::string>& faults) {
  const auto cursor = snapshot.cursor(Space::replies);
  bool there = cursor->seek(key);
  for (std::size_t i = 0; there; ++i, there = cursor->next()) {
    key = cursor->key();
    if (i == limit) return true;
    Reply reply;
    if (is_time_entry(key)) {
      const auto value = snapshot.get(Space::replies, key_entry(key_of(key)));
      if (!value || !decode(*value, reply) || reply.time != time_of(key))
        faults.push_back("a reply is listed by a time not its own");
      continue;
    }
    ++count;
    if (key.front() != by_key || !decode(cursor->value(), reply)) {
      faults.push_back("a reply does not decode");
    } else if (!snapshot.get(Space::replies, time_entry(reply.time, std::string_view(key).substr(1)))) {
      faults.push_back("a reply is not listed by its time, and would never be swept");
    }
  }
  return false;
}

}  // namespace store
