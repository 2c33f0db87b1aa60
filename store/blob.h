// Blob: content of a version that is too large for a body, kept beside it in pieces. README.md, Blobs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace store {

struct Blob {
  std::uint64_t number = 0;  // in this store
  std::uint64_t size = 0;    // bytes
  std::string note;          // whatever its maker wants to know of it again: at most 255 bytes
};

// A blob whose content has come, for a draft to refer to. What is on disk of it already is erased with its upload, unless a
// version was stored that refers to it.
struct BlobDraft {
  Blob blob;
  std::string tail;  // the end of the content, not on disk yet: it is put with the version
};

// One content on its way in; small parts of it are held, the rest is on disk. One call at a time. Goes before the store.
class BlobUpload {
 public:
  virtual ~BlobUpload() = default;  // what is on disk, and no version refers to, is erased soon
  // Adds to the end. `done` is called when the next may come: at once, or on the writer's thread when a slice is on disk. After a
  // failure there is nothing left to do but let go.
  virtual void append(std::string_view bytes, std::function<void(model::Result<void>)> done) = 0;
  virtual std::uint64_t size() const = 0;  // so far
  // All has come. Once.
  virtual std::shared_ptr<const BlobDraft> finish(std::string note) = 0;
};

}  // namespace store
