// BlobKeeper: uploads of large content, slice by slice through the writer's bulk lane, and the sweeping of what nobody refers to.
//
// Thread-safe. Owned by the store; outlives the writer's thread and every upload.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "store/blob.h"
#include "store/writer.h"

namespace store {

class BlobKeeper {
 public:
  // `last`: the greatest number in use.
  BlobKeeper(Writer& writer, std::uint64_t last) : writer_(writer), last_(last) {}

  std::unique_ptr<BlobUpload> begin();
  // Has a marked blob erased, in slices; one that is not marked stays. Where that fails it is tried again with the next upload.
  void sweep(std::uint64_t number);

 private:
  class Upload;
  Writer& writer_;
  std::atomic<std::uint64_t> last_;
  std::mutex mutex_;
  std::vector<std::uint64_t> failed_;  // to be swept yet
};

}  // namespace store
