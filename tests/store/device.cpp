#include "tests/store/device.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace tests {

namespace {

std::atomic<int> calls{0}, wait{-1}, left{0}, error_number{0};
std::atomic<Fault> kind{Fault::refused};
std::atomic<bool> only_syncs{false};

bool fails(bool sync) {
  ++calls;
  if (wait < 0 || (only_syncs && !sync)) return false;
  if (wait > 0) {
    --wait;
    return false;
  }
  if (left-- > 0) return true;
  wait = -1;
  return false;
}

long answer(bool sync, long size, long (*call)(const void*, long), const void* arguments) {
  if (!fails(sync)) return call(arguments, size);
  const Fault fault = kind;
  if (fault == Fault::partial && !sync && size > 1) return call(arguments, size / 2);
  if (fault == Fault::hidden) call(arguments, size);
  errno = error_number;
  return -1;
}

}  // namespace

void fail_device(int after, int times, int error, Fault fault, bool syncs_only) {
  error_number = error;
  kind = fault;
  only_syncs = syncs_only;
  left = times;
  wait = after;
}
void mend_device() { wait = -1; }
int device_calls() { return calls; }

}  // namespace tests

namespace {

struct Write {
  int file;
  const void* bytes;
  off_t offset;
};
struct Gather {
  int file;
  const iovec* parts;
  int count;
};

}  // namespace

extern "C" ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  const Write write{file, bytes, offset};
  return tests::answer(
      false, static_cast<long>(size),
      [](const void* of, long length) {
        const auto& w = *static_cast<const Write*>(of);
        return syscall(SYS_pwrite64, w.file, w.bytes, length, w.offset);
      },
      &write);
}

extern "C" ssize_t writev(int file, const iovec* parts, int count) {
  const Gather gather{file, parts, count};
  return tests::answer(
      false, count,
      [](const void* of, long length) {
        const auto& g = *static_cast<const Gather*>(of);
        return syscall(SYS_writev, g.file, g.parts, length);
      },
      &gather);
}

extern "C" int fdatasync(int file) {
  return static_cast<int>(tests::answer(
      true, 0, [](const void* of, long) { return syscall(SYS_fdatasync, *static_cast<const int*>(of)); }, &file));
}
