#include "fhir/commands/import_journal.h"

#include <chrono>
#include <filesystem>
#include <memory>

namespace commands {

namespace {

// What tells whether a file is the one that was read: its size and when it was written.
std::string state_of(const std::string& path) {
  std::error_code trouble;
  const auto size = std::filesystem::file_size(path, trouble);
  const auto written = std::filesystem::last_write_time(path, trouble);
  return trouble ? "none" : std::to_string(size) + "." + std::to_string(written.time_since_epoch().count());
}

model::Failure not_resumed(const std::string& journal, const std::string& why) {
  return model::failure(
      model::FailureKind::bad_request, model::IssueCode::invalid,
      why + ", so the import in the journal '" + journal + "' cannot be continued; import again without --continue");
}

}  // namespace

model::Result<std::unique_ptr<ImportJournal>> ImportJournal::open(const std::string& path, bool resume,
                                                                  const std::string& target) {
  auto journal = std::make_unique<ImportJournal>();
  journal->path_ = path;
  if (resume) {
    std::ifstream in(path);
    for (std::string word; in >> word;) {
      if (word == "stamp") {
        in >> journal->stamp_;
      } else if (word == "target") {
        std::string before;
        in.get();
        std::getline(in, before);
        if (before != target) return not_resumed(path, "Resources went to " + before + ", not to " + target);
      } else if (word == "file") {
        std::uint32_t number = 0;
        std::string state, name;
        in >> number >> state;
        in.get();
        std::getline(in, name);
        if (name.empty()) return not_resumed(path, "It was written by an older Kiln");
        journal->files_[name] = number;
        journal->states_[name] = state;
      } else if (word == "done") {
        std::uint32_t file = 0;
        std::uint64_t chunk = 0;
        if (in >> file >> chunk) journal->done_.emplace(file, chunk);
      }
    }
    journal->resumed_ = journal->stamp_ != 0;
  }
  journal->out_.open(path, journal->resumed_ ? std::ios::app : std::ios::trunc);
  if (!journal->resumed_) {
    journal->stamp_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    journal->out_ << "stamp " << journal->stamp_ << "\ntarget " << target << "\n" << std::flush;
  }
  if (!journal->out_) {
    return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                          "The journal '" + path + "' cannot be written");
  }
  return journal;
}

std::optional<model::Failure> ImportJournal::changed(const std::string& path) const {
  const auto name = std::filesystem::absolute(path).lexically_normal().string();
  const auto before = states_.find(name);
  if (before == states_.end() || state_of(name) == before->second) return std::nullopt;
  return not_resumed(path_, "'" + name + "' was changed since it was read");
}

std::uint32_t ImportJournal::file(const std::string& path) {
  std::lock_guard lock(mutex_);
  const auto name = std::filesystem::absolute(path).lexically_normal().string();
  const auto [found, fresh] = files_.try_emplace(name, static_cast<std::uint32_t>(files_.size()));
  if (fresh) out_ << "file " << found->second << ' ' << state_of(name) << ' ' << name << "\n" << std::flush;
  return found->second;
}

bool ImportJournal::done(std::uint32_t file, std::uint64_t chunk) const {
  std::lock_guard lock(mutex_);
  return done_.contains({file, chunk});
}

void ImportJournal::mark(std::uint32_t file, std::uint64_t chunk) {
  std::lock_guard lock(mutex_);
  out_ << "done " << file << ' ' << chunk << '\n';
  out_.flush();
}

}  // namespace commands
