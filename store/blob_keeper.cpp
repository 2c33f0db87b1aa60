#include "store/blob_keeper.h"

#include <stdexcept>
#include <utility>

#include "store/blob_rows.h"

namespace store {

namespace {

constexpr std::size_t slice_bytes = 16 * blob_piece;  // in one commit
constexpr std::size_t sweep_pieces = 256;             // in one commit: only their pages' numbers are touched

}  // namespace

class BlobKeeper::Upload final : public BlobUpload {
 public:
  Upload(BlobKeeper& keeper, std::uint64_t number) : keeper_(keeper), number_(number) {}
  // The mark decides in the writer, after every operation that was queued before: a version that was stored keeps its content.
  ~Upload() override {
    if (begun_) keeper_.sweep(number_);
  }

  void append(std::string_view bytes, std::function<void(model::Result<void>)> done) override {
    held_ += bytes;
    size_ += bytes.size();
    if (held_.size() < slice_bytes) return done({});
    const auto slice = std::make_shared<std::string>(std::move(held_));
    const std::size_t whole = slice->size() - slice->size() % blob_piece;
    held_ = slice->substr(whole);
    const auto first = std::exchange(pieces_, pieces_ + whole / blob_piece);
    begun_ = true;
    keeper_.writer_.submit_rows(
        [slice, whole, first, number = number_](Transaction& out) {
          mark_blob(out, number);
          auto index = first;
          for (std::size_t from = 0; from < whole; from += blob_piece)
            put_piece(out, number, index++, std::string_view(*slice).substr(from, blob_piece));
        },
        whole, Lane::bulk,
        [done = std::move(done)](model::Result<Commit> written) {
          if (!written) return done(written.error());
          done({});
        });
  }

  std::uint64_t size() const override { return size_; }

  std::shared_ptr<const BlobDraft> finish(std::string note) override {
    if (note.size() > max_blob_note) throw std::logic_error("a blob with too long a note");
    auto draft = std::make_shared<BlobDraft>();
    draft->blob = {number_, size_, std::move(note)};
    draft->tail = std::move(held_);
    return draft;
  }

 private:
  BlobKeeper& keeper_;
  const std::uint64_t number_;
  std::string held_;          // less than a slice
  std::uint64_t pieces_ = 0;  // on disk, or on their way
  std::uint64_t size_ = 0;
  bool begun_ = false;  // something may be on disk
};

std::unique_ptr<BlobUpload> BlobKeeper::begin() {
  std::vector<std::uint64_t> again;
  {
    const std::lock_guard lock(mutex_);
    again.swap(failed_);
  }
  for (const auto number : again) sweep(number);
  return std::make_unique<Upload>(*this, ++last_);
}

void BlobKeeper::sweep(std::uint64_t number) {
  const auto more = std::make_shared<bool>(false);
  writer_.submit_rows([number, more](Transaction& out) { *more = sweep_blob(out, number, sweep_pieces); }, slice_bytes,
                      Lane::bulk,
                      [this, number, more](model::Result<Commit> done) {
                        if (done && *more) return sweep(number);
                        if (done) return;
                        const std::lock_guard lock(mutex_);  // the disk is full, perhaps
                        failed_.push_back(number);
                      });
}

}  // namespace store
