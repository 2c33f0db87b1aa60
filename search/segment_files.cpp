#include "search/segment_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "search/merge.h"

namespace search {
namespace {

constexpr std::string_view manifest_head = "kiln segments 1";
constexpr std::size_t flush_at = 1u << 20;  // bytes gathered before a write()

model::Failure io_failure(const std::string& what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return model::failure(full ? model::FailureKind::no_space : model::FailureKind::internal,
                        full ? model::IssueCode::no_store : model::IssueCode::exception,
                        what + ": " + std::system_category().message(error));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class MappedFile final : public SegmentBytes {
 public:
  // Null, with errno set, if it cannot be mapped.
  static std::unique_ptr<MappedFile> open(const std::string& path, const std::shared_ptr<Removals>& removals) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return nullptr;
    if (!S_ISREG(status.st_mode) || status.st_size == 0) {
      errno = EINVAL;
      return nullptr;
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (at == MAP_FAILED) return nullptr;
    return std::unique_ptr<MappedFile>(new MappedFile(path, static_cast<char*>(at), size, removals));
  }
  ~MappedFile() override {
    ::munmap(at_, size_);
    if (unlink_) removals_->add(path_);
  }
  std::string_view bytes() const override { return {at_, size_}; }
  const std::string& path() const override { return path_; }
  void unlink_when_released() const override { unlink_ = true; }

 private:
  MappedFile(std::string path, char* at, std::size_t size, std::shared_ptr<Removals> removals)
      : path_(std::move(path)), at_(at), size_(size), removals_(std::move(removals)) {}
  std::string path_;
  char* at_;
  std::size_t size_;
  std::shared_ptr<Removals> removals_;
  mutable std::atomic<bool> unlink_ = false;
};

// Gathers and writes; after an error it only counts.
class FileOutput final : public SegmentOutput {
 public:
  explicit FileOutput(int fd) : fd_(fd) { buffer_.reserve(flush_at + flush_at / 4); }
  void append(std::string_view bytes) override {
    buffer_.append(bytes);
    if (buffer_.size() >= flush_at) write();
  }
  int finish() {  // 0 or an errno; the file is on disk
    write();
    if (error_ == 0 && ::fsync(fd_) != 0) error_ = errno;
    return error_;
  }

 private:
  void write() {
    std::string_view left = buffer_;
    while (error_ == 0 && !left.empty()) {
      const ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        error_ = written < 0 ? errno : ENOSPC;
        break;
      }
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    // Dirty pages go to the device as they come: one large burst would stall the commits that share the disk.
    if (error_ == 0) ::sync_file_range(fd_, position_, static_cast<off64_t>(buffer_.size()), SYNC_FILE_RANGE_WRITE);
    position_ += static_cast<off64_t>(buffer_.size());
    buffer_.clear();
  }
  int fd_;
  int error_ = 0;
  off64_t position_ = 0;
  std::string buffer_;
};

bool sync_directory(const std::string& directory) {
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.get() >= 0 && ::fsync(fd.get()) == 0;
}

std::string fresh_name(store::Document base, store::Document last) {
  static std::atomic<std::uint64_t> state{(std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  return fmt::format("{:012}-{:012}-{:016x}", base, last, state.fetch_add(0x9e3779b97f4a7c15));
}

}  // namespace

void Removals::add(const std::string& path) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_) return paths_.push_back(path);
  }
  ::unlink(path.c_str());
}

void Removals::run() {
  std::vector<std::string> paths;
  {
    std::lock_guard lock(mutex_);
    paths.swap(paths_);
  }
  for (const auto& path : paths) ::unlink(path.c_str());
}

void Removals::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  run();
}

std::string Manifest::text() const {
  std::string out = fmt::format("{}\nfingerprint {:016x}\n", manifest_head, fingerprint);
  for (const File& file : files) out += fmt::format("{} {} {:08x} {}\n", file.base, file.size, file.identity, file.name);
  return out;
}

bool Manifest::parse(std::string_view text, Manifest& out) {
  const auto cut = [](std::string_view& from, char at) {
    const std::size_t end = std::min(from.find(at), from.size());
    const std::string_view part = from.substr(0, end);
    from.remove_prefix(std::min(end + 1, from.size()));
    return part;
  };
  const auto number = [](std::string_view digits, auto& value, int base) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  out = Manifest();
  if (cut(text, '\n') != manifest_head) return false;
  std::string_view line = cut(text, '\n');
  if (cut(line, ' ') != "fingerprint" || !number(line, out.fingerprint, 16)) return false;
  while (!text.empty()) {
    line = cut(text, '\n');
    File file;
    if (!number(cut(line, ' '), file.base, 10) || !number(cut(line, ' '), file.size, 10) ||
        !number(cut(line, ' '), file.identity, 16))
      return false;
    if (line.empty() || line.find('/') != std::string_view::npos) return false;
    file.name = line;
    out.files.push_back(std::move(file));
  }
  return true;
}

Manifest::File SegmentFiles::row(const Run& run) {
  return {run.base(), run.size(), run.identity(), std::filesystem::path(run.path()).filename().string()};
}

model::Result<void> SegmentFiles::prepare() const {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) return io_failure("cannot make " + directory_, error.value());
  return {};
}

model::Result<std::shared_ptr<const Run>> SegmentFiles::write(std::span<const std::shared_ptr<const Run>> sources,
                                                              const Keys& keys, const std::atomic<bool>& stop) const {
  const store::Document base = sources.front()->base(), end = sources.back()->end();
  const std::string name = fresh_name(base, end - 1);
  const std::string unfinished = path(name + ".new"), finished = path(name + ".segment");
  const auto give_up = [&](int error) {
    ::unlink(unfinished.c_str());
    return io_failure("cannot write " + finished, error);
  };
  std::uint32_t identity = 0;
  {
    const Descriptor file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (file.get() < 0) return io_failure("cannot write " + finished, errno);
    FileOutput out(file.get());
    SegmentWriter writer(out, base, static_cast<std::uint32_t>(end - base), true);
    try {
      if (!merge_runs(sources, keys, stop, writer)) {
        ::unlink(unfinished.c_str());
        return std::shared_ptr<const Run>();
      }
    } catch (...) {
      ::unlink(unfinished.c_str());
      throw;
    }
    writer.finish();
    identity = writer.directory_crc();
    if (const int error = out.finish(); error != 0) return give_up(error);
  }
  if (::rename(unfinished.c_str(), finished.c_str()) != 0) return give_up(errno);
  std::string fault;
  auto run = sync_directory(directory_)
                 ? open({base, static_cast<std::uint32_t>(end - base), identity, name + ".segment"}, keys, fault)
                 : nullptr;
  if (!run) {
    const int error = errno;
    ::unlink(finished.c_str());
    return io_failure("cannot use " + finished + (fault.empty() ? "" : ", it " + fault), error);
  }
  return run;
}

std::shared_ptr<const Run> SegmentFiles::open(const Manifest::File& file, const Keys& keys, std::string& fault) const {
  auto mapped = MappedFile::open(path(file.name), removals_);
  if (!mapped) {
    fault = "cannot be read: " + std::system_category().message(errno);
    return nullptr;
  }
  auto run = Run::open(std::move(mapped), keys, true, fault);
  if (run && (run->base() != file.base || run->size() != file.size || run->identity() != file.identity)) {
    fault = "is not the one that the manifest names";
    return nullptr;
  }
  return run;
}

void SegmentFiles::sweep(std::span<const std::string> kept) const {
  std::error_code error;
  std::vector<std::filesystem::path> orphans;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const auto extension = entry.path().extension();
    if (extension != ".segment" && extension != ".new") continue;
    if (std::find(kept.begin(), kept.end(), entry.path().filename().string()) == kept.end()) orphans.push_back(entry.path());
  }
  for (const auto& orphan : orphans) std::filesystem::remove(orphan, error);
}

}  // namespace search
