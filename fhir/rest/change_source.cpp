#include "fhir/rest/change_source.h"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "resources-gen/formats/json.h"
#include "resources-gen/model/temporal.h"

namespace rest {
namespace {

using store::Document;
using store::Version;

constexpr std::size_t piece_bytes = 128u << 10;
constexpr std::size_t slice_versions = 64;

std::string_view method_text(store::Method method) {
  static constexpr std::array<std::string_view, 4> texts{"POST", "PUT", "PATCH", "DELETE"};
  return texts.at(static_cast<std::size_t>(method));
}

void append_line(std::string& out, const model::Schema& schema, const Version& version, const std::string* body) {
  const auto text = [&](std::string_view name, std::string_view value) {
    out.append(",\"").append(name).append("\":");
    formats::append_string(out, value);
  };
  out.append("{\"commit\":").append(std::to_string(version.commit));
  text("type", schema.type_name(version.type));
  text("id", version.id);
  text("versionId", std::to_string(version.version));
  text("method", method_text(version.method));
  text("lastUpdated", model::instant_text(version.last_updated));
  if (body != nullptr) out.append(",\"resource\":").append(*body);
  out.append("}");
}

// Hands on the versions of a range from `position` on, which it moves, below `end`, until `take` returns false.
void each_version(const store::Store& store, const ChangeRange& range, Document& position, Document end,
                  const std::function<bool(const Version&, const std::string* body)>& take) {
  while (position < end) {
    const auto versions = store.documents(position, end, range.types, store::Order::oldest_first, slice_versions);
    for (const auto& version : versions) {
      const auto rendered = range.bodies && !version.deleted() ? store.render(version.document) : std::nullopt;
      position = version.document + 1;
      if (range.bodies && !version.deleted() && !rendered) continue;  // erased this moment
      if (!take(version, rendered ? rendered->body.get() : nullptr)) return;
    }
    if (versions.size() < slice_versions) position = end;
  }
}

}  // namespace

ChangeLines::ChangeLines(const model::Schema& schema, const store::Store& store, ChangeRange range)
    : schema_(schema), store_(store), range_(std::move(range)), position_(range_.first) {}

BodySource::Next ChangeLines::next(std::string& out) {
  const std::size_t begin = out.size();
  each_version(store_, range_, position_, range_.end, [&](const Version& version, const std::string* body) {
    append_line(out, schema_, version, body);
    out.push_back('\n');
    return out.size() - begin < piece_bytes;
  });
  return position_ < range_.end ? Next::more : Next::end;
}

ChangeEvents::ChangeEvents(const model::Schema& schema, const store::Store& store, CommitBell& bell, ChangeRange range,
                           std::chrono::milliseconds heartbeat)
    : schema_(schema), store_(store), bell_(bell), range_(std::move(range)), heartbeat_(heartbeat), position_(range_.first) {}

void ChangeEvents::on_more(std::function<void()> wake) { token_ = bell_.add(std::move(wake)); }

// The commit is the event's id, behind its data: an event cut short is dropped by the client, and its commit sent again.
void ChangeEvents::end_event(std::string& out) {
  if (open_ == 0) return;
  out.append("id: ").append(std::to_string(open_)).append("\n\n");
  told_ = std::exchange(open_, 0);
}

BodySource::Next ChangeEvents::next(std::string& out) {
  const std::size_t begin = out.size();
  if (!std::exchange(begun_, true)) out.append("retry: 1000\n\n");  // the client's pause before it connects again
  const Document last = store_.last_document();                     // between two commits
  if (ahead_) {
    position_ = store_.first_after(range_.after);
    ahead_ = position_ > last;
  }
  each_version(store_, range_, position_, last + 1, [&](const Version& version, const std::string* body) {
    if (version.commit != open_) end_event(out);
    open_ = version.commit;
    out.append("data: ");
    append_line(out, schema_, version, body);
    out.push_back('\n');
    return out.size() - begin < piece_bytes;
  });
  const bool all = position_ > last;
  if (all) end_event(out);
  if (out.size() == begin && Clock::now() - spoke_ >= heartbeat_) {
    // Where nothing of what came was wanted, the place moves on: an event without data is not told to the client's program.
    const auto newest = store_.at(last);
    if (newest && newest->commit > std::max(told_, range_.after)) {
      told_ = newest->commit;
      out.append("id: ").append(std::to_string(told_)).append("\n\n");
    } else {
      out.append(":\n\n");
    }
  }
  if (out.size() == begin) return Next::later;
  spoke_ = Clock::now();
  return Next::more;
}

}  // namespace rest
