// The parameters that segments are keyed by: names in the bytes, IndexKeys in the program.
//
// Made once of a schema, then immutable: any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search/scan.h"

namespace search {

class Keys {
 public:
  struct Row {
    std::string_view type;  // "Observation"
    std::string_view name;  // the parameter's code; empty for every_document
    IndexKey key;
    bool column;  // all but composite, special and every_document
    bool bloom;   // types that are asked for by unique terms: token, reference, uri
  };

  explicit Keys(const model::Schema& schema);

  // Sorted by (type, name): the order of parameters in a segment.
  std::span<const Row> rows() const { return rows_; }
  const Row* find(std::string_view type, std::string_view name) const;  // null: not of this schema
  std::string_view type_name(model::TypeId type) const { return schema_.type_name(type); }
  const model::Schema& schema() const { return schema_; }

  // A type's parameters, sorted by id, each with its position in rows(); every_document is the last.
  struct Position {
    model::ParameterId parameter;
    std::uint32_t row;
  };
  std::span<const Position> of_type(model::TypeId type) const;

  // Differs when terms made under another schema or another form of terms must not be used: names, expressions, types and bases
  // of all parameters.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  const model::Schema& schema_;
  std::vector<Row> rows_;
  std::vector<Position> positions_;
  std::vector<model::Range> of_type_;  // by type id: rows of positions_
  std::uint64_t fingerprint_ = 0;
};

}  // namespace search
