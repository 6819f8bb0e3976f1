// One value of a judged row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/bytes.h"
#include "storage/schema/column_type.h"
#include "storage/schema/ids.h"

namespace net {

// A value that is not null, as its column's storage takes it.
struct JudgedCell {
  storage::ColumnIndex column;  // never the designated one
  storage::ColumnType type{};
  uint64_t word = 0;      // of kinds up to 8 bytes
  std::string_view text;  // of texts and symbols; of kinds above 8 bytes: the bytes

  // Of kinds above 8 bytes.
  std::span<const std::byte> wide() const { return engine::as_bytes(text); }
};

}  // namespace net
