// A value of a kind above 8 bytes, on its way from the cast that makes it into a batch.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "engine/base/bytes.h"
#include "storage/schema/column_type.h"

namespace storage {

struct WideValue {
  std::array<std::byte, value_width_max> bytes{};  // little-endian
  size_t size = 0;

  template <typename T>
    requires(sizeof(T) <= value_width_max)
  static WideValue of(const T& value) {
    WideValue wide{.bytes = {}, .size = sizeof(T)};
    engine::store(wide.bytes.data(), value);
    return wide;
  }

  std::span<const std::byte> span() const { return std::span(bytes).first(size); }
};

}  // namespace storage
