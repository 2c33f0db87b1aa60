// A Binary whose line of NDJSON is too long to be held: its content is decoded and passed on while the line is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "resources-gen/model/result.h"

namespace commands {

// Where such content goes. One line at a time.
class LargeContents {
 public:
  virtual ~LargeContents() = default;
  // Chunk `number` of a file is such a line. False: it is in already, and its content is passed over.
  virtual bool begin(std::uint32_t file, std::uint64_t number) = 0;
  virtual model::Result<void> take(std::string_view content) = 0;
  // All has come; `resource` is the Binary without its data. False: nothing more is to be read.
  virtual bool finish(std::uint64_t line, const std::string& id, const std::string& resource) = 0;
};

inline constexpr std::size_t large_line = 4u << 20;  // bytes from which a line is so treated

// Whether a line that goes on beyond `start` is a Binary with its data begun.
bool begins_large_binary(std::string_view start);

// Reads the rest of such a line: from `text`, and by `more`, which appends to it (false: the file has ended). `text` is left
// behind the line's end. Returns the resource without its data. Fails on what is no base64 or breaks off; the line is then read
// to its end all the same.
model::Result<std::string> read_large_binary(std::string& text, const std::function<bool(std::string&)>& more,
                                             const std::function<model::Result<void>(std::string_view)>& take);

}  // namespace commands
