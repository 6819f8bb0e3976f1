// Types as people write them, with the parameters that some have: LONG, GEOHASH(5c), GEOHASH(7b), DECIMAL(18,3), DOUBLE[][].
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/schema/column_type.h"

namespace storage {

struct FullType {
  ColumnType type{};
  TypeParameters parameters{};

  friend constexpr bool operator==(const FullType&, const FullType&) = default;
};

// Whether a column of this type can have these parameters.
bool are_parameters(ColumnType type, TypeParameters parameters);

// DECIMAL of that many digits, which are 1 to 76.
ColumnType decimal_type(uint8_t precision);

// QuestDB's name. Parameters that are not known, all zeros, are left out: DECIMAL.
std::string full_type_name(ColumnType type, TypeParameters parameters);

// Takes such a name in any case, with spaces between its parts. DECIMAL alone is DECIMAL(18,3).
std::optional<FullType> parse_full_type(std::string_view name);

}  // namespace storage
