#include "store/packer.h"

#include <zdict.h>
#include <zstd.h>

#include <mutex>

#include "store/bytes.h"

namespace store {
namespace {

constexpr int level = 1;                                 // level 3 saves a few percent more at twice the time
constexpr std::uint64_t max_body = std::uint64_t{1} << 31;  // beyond it a frame's size is damage

struct Contexts {
  ZSTD_CCtx* compress = ZSTD_createCCtx();
  ZSTD_DCtx* decompress = ZSTD_createDCtx();
  ~Contexts() {
    ZSTD_freeCCtx(compress);
    ZSTD_freeDCtx(decompress);
  }
};
Contexts& contexts() {
  thread_local Contexts own;
  return own;
}

}  // namespace

struct Packer::Dictionary {
  explicit Dictionary(std::string_view bytes)
      : compress(ZSTD_createCDict(bytes.data(), bytes.size(), level)), decompress(ZSTD_createDDict(bytes.data(), bytes.size())) {}
  ~Dictionary() {
    ZSTD_freeCDict(compress);
    ZSTD_freeDDict(decompress);
  }
  Dictionary(const Dictionary&) = delete;
  ZSTD_CDict* compress;
  ZSTD_DDict* decompress;
};

Packer::Packer() = default;
Packer::~Packer() = default;

std::string Packer::pack(std::string_view body) const {
  std::shared_ptr<const Dictionary> dictionary;
  std::uint64_t number = 1;
  {
    std::shared_lock lock(mutex_);
    if (!dictionaries_.empty()) {
      dictionary = dictionaries_.back();
      number = dictionaries_.size() + 1;
    }
  }
  std::string out;
  append_varint(out, number);
  const auto head = out.size();
  out.resize(head + ZSTD_compressBound(body.size()));
  auto* context = contexts().compress;
  const std::size_t size =
      dictionary ? ZSTD_compress_usingCDict(context, out.data() + head, out.size() - head, body.data(), body.size(), dictionary->compress)
                 : ZSTD_compressCCtx(context, out.data() + head, out.size() - head, body.data(), body.size(), level);
  if (ZSTD_isError(size) != 0 || size >= body.size()) {
    out.clear();
    append_varint(out, 0);
    out.append(body);
    return out;
  }
  out.resize(head + size);
  return out;
}

bool Packer::unpack(std::string_view packed, std::string& out) const {
  out.clear();
  if (packed.empty()) return true;
  ByteReader in(packed);
  const auto number = in.varint();
  const auto bytes = in.rest();
  if (!in.ok()) return false;
  if (number == 0) {
    out = bytes;
    return true;
  }
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_body) return false;
  out.resize(size);
  auto* context = contexts().decompress;
  std::size_t got = 0;
  if (number == 1) {
    got = ZSTD_decompressDCtx(context, out.data(), out.size(), bytes.data(), bytes.size());
  } else {
    std::shared_ptr<const Dictionary> dictionary;
    {
      std::shared_lock lock(mutex_);
      if (number - 2 >= dictionaries_.size()) return false;
      dictionary = dictionaries_[number - 2];
    }
    got = ZSTD_decompress_usingDDict(context, out.data(), out.size(), bytes.data(), bytes.size(), dictionary->decompress);
  }
  return ZSTD_isError(got) == 0 && got == size;
}

void Packer::add_dictionary(std::string_view dictionary) {
  auto made = std::make_shared<const Dictionary>(dictionary);
  std::unique_lock lock(mutex_);
  dictionaries_.push_back(std::move(made));
}

std::size_t Packer::dictionaries() const {
  std::shared_lock lock(mutex_);
  return dictionaries_.size();
}

std::string Packer::train(const std::vector<std::string>& samples, std::size_t bytes) {
  std::string all;
  std::vector<std::size_t> sizes;
  for (const auto& sample : samples) {
    all += sample;
    sizes.push_back(sample.size());
  }
  std::string out(bytes, '\0');
  const auto size = ZDICT_trainFromBuffer(out.data(), out.size(), all.data(), sizes.data(), static_cast<unsigned>(sizes.size()));
  if (ZDICT_isError(size) != 0) return {};
  out.resize(size);
  return out;
}

}  // namespace store
