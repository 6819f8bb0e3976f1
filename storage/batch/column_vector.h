// Values of one column in memory, for the rows that a block gathers and a scan hands out: one struct for every kind.
//
//   kind            words[place]                        bytes
//   up to 8 bytes   the value                           -
//   16, 32 bytes    where it begins in `bytes`          the values that are present, back to back
//   texts           where it begins in `bytes`          the texts, back to back; sizes[place] says how long each is
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "storage/schema/column_type.h"

namespace storage {

struct ColumnVector {
  ColumnType type{};
  std::vector<uint64_t> words;  // one a place; of a null 0
  std::vector<uint32_t> sizes;  // texts only: one a place
  std::string bytes;
  std::vector<uint8_t> present;  // one a place, 0 = null; whoever fills the vector may leave it empty when there are no nulls

  Kind kind() const { return kind_of(type); }
  size_t places() const { return words.size(); }
  bool has(size_t place) const { return present.empty() || present[place] != 0; }

  std::string_view text(size_t place) const { return std::string_view(bytes).substr(words[place], sizes[place]); }
  // Of kinds above 8 bytes, and only where there is a value.
  std::span<const std::byte> wide(size_t place) const {
    return engine::as_bytes(std::string_view(bytes).substr(words[place], width_of(kind())));
  }

  // Keeps the memory.
  void clear() {
    words.clear();
    sizes.clear();
    bytes.clear();
    present.clear();
  }

  // Bytes in use; what is allocated is at most twice as much, and what the longest content of an earlier life took.
  size_t size() const {
    return words.size() * sizeof(uint64_t) + sizes.size() * sizeof(uint32_t) + bytes.size() + present.size();
  }
  size_t capacity() const {
    return words.capacity() * sizeof(uint64_t) + sizes.capacity() * sizeof(uint32_t) + bytes.capacity() + present.capacity();
  }
};

}  // namespace storage
