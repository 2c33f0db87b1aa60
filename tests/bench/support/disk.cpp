#include "tests/bench/support/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "tests/bench/support/report.h"

namespace bench {

void baseline_disk(const std::string& directory) {
  heading("The disk", "| baseline | per second |");
  const auto file = directory + "/fsync";
  const int fd = open(file.c_str(), O_RDWR | O_CREAT, 0644);
  const std::string page(4096, 'x');
  auto start = std::chrono::steady_clock::now();
  std::uint64_t n = 0;
  for (; since(start) < 1; ++n) {
    if (pwrite(fd, page.data(), page.size(), static_cast<off_t>((n % 4096) * 4096)) < 0) break;
    fdatasync(fd);
  }
  std::printf("| fdatasync of one page | %.0f |\n", static_cast<double>(n) / since(start));
  close(fd);
  const auto store = directory + "/lmdb";
  std::filesystem::create_directories(store);
  for (const unsigned group : {1u, 16u, 64u}) {
    MDB_env* env = nullptr;
    mdb_env_create(&env);
    mdb_env_set_mapsize(env, std::size_t{1} << 33);
    mdb_env_open(env, store.c_str(), 0, 0644);
    const std::string body(1000, 'b');
    std::uint64_t puts = 0;
    for (start = std::chrono::steady_clock::now(); since(start) < 1;) {
      MDB_txn* txn = nullptr;
      MDB_dbi dbi = 0;
      mdb_txn_begin(env, nullptr, 0, &txn);
      mdb_dbi_open(txn, nullptr, 0, &dbi);
      for (unsigned i = 0; i < group; ++i) {
        const auto key = fmt::format("{:016x}", puts++);
        MDB_val k{key.size(), const_cast<char*>(key.data())}, v{body.size(), const_cast<char*>(body.data())};
        mdb_put(txn, dbi, &k, &v, 0);
      }
      mdb_txn_commit(txn);
    }
    std::printf("| bare LMDB puts of 1 kB, %u to a commit | %.0f |\n", group, static_cast<double>(puts) / since(start));
    mdb_env_close(env);
    std::filesystem::remove_all(store);
    std::filesystem::create_directories(store);
  }
  std::filesystem::remove_all(store);
}

}  // namespace bench
