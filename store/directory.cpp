#include "store/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace store {

namespace {

model::Failure directory_failure(const std::string& directory, const char* what) {
  return model::failure(model::FailureKind::internal, model::IssueCode::exception,
                        std::string(what) + " " + directory + ": " + std::strerror(errno));
}

// The process number that the lock's holder left, as " by process N"; empty if it is not to be had.
std::string holder(int file) {
  char text[24] = {};
  const ssize_t size = pread(file, text, sizeof text - 1, 0);
  std::string number;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) number += text[i];
  return number.empty() ? "" : " by process " + number;
}

}  // namespace

bool sync_directory(const std::string& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = fsync(file) == 0;
  const int error = errno;
  close(file);
  errno = error;
  return synced;
}

model::Result<void> make_directory(const std::string& directory) {
  struct stat status {};
  if (stat(directory.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    errno = ENOTDIR;
    return directory_failure(directory, "cannot use");
  }
  const std::filesystem::path path = std::filesystem::path(directory).lexically_normal();
  const std::filesystem::path parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  const std::string parent_name = parent.empty() ? "." : parent.string();
  if (parent_name != directory) {
    if (auto made = make_directory(parent_name); !made) return made;
  }
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return directory_failure(directory, "cannot make the directory");
  if (!sync_directory(parent_name)) return directory_failure(parent_name, "cannot sync the directory");
  return {};
}

void remove_compaction(const std::string& directory) {
  std::error_code trouble;  // then it is tried again at the next opening
  std::filesystem::remove_all(directory + "/" + compaction_folder, trouble);
}

model::Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  const std::string path = directory + "/kiln.lock";
  DirectoryLock lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock.file_ < 0) return directory_failure(path, "cannot open the lock file");
  if (flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return directory_failure(path, "cannot lock");
    return model::failure(
        model::FailureKind::unavailable, model::IssueCode::lock_error,
        "the store in " + directory + " is in use" + holder(lock.file_) + "; one process at a time can write to it");
  }
  const std::string number = std::to_string(getpid()) + "\n";
  if (ftruncate(lock.file_, 0) != 0 || pwrite(lock.file_, number.data(), number.size(), 0) < 0) {
    return directory_failure(path, "cannot write the lock file");
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace store
