// Writes and reads sequences of little-endian fields: the bodies of manifests, schemas and frame headers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/base/verify.h"

namespace engine {

class ByteWriter {
 public:
  ByteWriter() = default;
  // Begins empty, in the memory of `spent`.
  explicit ByteWriter(std::vector<std::byte> spent) : bytes_(std::move(spent)) { bytes_.clear(); }

  template <typename T>
  void put(T value) {
    const size_t offset = bytes_.size();
    bytes_.resize(offset + sizeof(T));
    store(bytes_.data() + offset, value);
  }

  // As put() grows: of an insert GCC 12 warns that it might overflow, once it has inlined it.
  void put_bytes(std::span<const std::byte> bytes) {
    const size_t offset = bytes_.size();
    bytes_.resize(offset + bytes.size());
    std::ranges::copy(bytes, bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void put_zeros(size_t size) { bytes_.resize(bytes_.size() + size); }

  size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<std::byte> bytes() { return bytes_; }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Reads bytes that nobody vouches for. The first thing that is wrong is remembered and every later take() gives zeros, so that
// a decoder checks ok() only before it believes a count and at its end. Borrows the bytes.
class ByteReader {
 public:
  // `where` opens the error message: the file. `origin` is the offset of the first byte in it.
  ByteReader(std::span<const std::byte> bytes, std::string_view where, uint64_t origin = 0)
      : bytes_(bytes), where_(where), origin_(origin) {}

  template <typename T>
  T take() {
    const std::span<const std::byte> field = take_bytes(sizeof(T));
    return field.size() == sizeof(T) ? load<T>(field.data()) : T{};
  }

  // Empty when there are fewer than `size`.
  std::span<const std::byte> take_bytes(uint64_t size) {
    if (!check(size <= left(), "truncated: bytes needed", size, left())) return {};
    const std::span<const std::byte> field = bytes_.subspan(position_, static_cast<size_t>(size));
    position_ += field.size();
    VERIFY_LE(position_, bytes_.size());
    return field;
  }

  // A count of elements that take at least `element_size_min` bytes each; 0 when it cannot be true.
  template <typename T>
  size_t take_count(uint64_t count_max, uint64_t element_size_min, std::string_view what) {
    VERIFY_GT(element_size_min, 0U);
    const uint64_t count = take<T>();
    const uint64_t believable = std::min(count_max, left() / element_size_min);
    return check(count <= believable, what, believable, count, "at most ") ? static_cast<size_t>(count) : 0;
  }

  // Remembers "`where`: `what` at offset N: expected E, found F" as the error when `holds` is false and there was none before.
  bool check(bool holds, std::string_view what, uint64_t expected, uint64_t found, std::string_view relation = {}) {
    if (!ok_) return false;
    if (holds) return true;
    ok_ = false;
    error_.assign(where_).append(": ").append(what).append(" at offset ").append(std::to_string(origin_ + position_));
    error_.append(": expected ").append(relation).append(std::to_string(expected));
    error_.append(", found ").append(std::to_string(found));
    return false;
  }

  bool ok() const { return ok_; }
  uint64_t left() const { return ok_ ? bytes_.size() - position_ : 0; }
  uint64_t offset() const { return origin_ + position_; }
  std::string_view where() const { return where_; }
  absl::Status status() const { return ok_ ? absl::OkStatus() : data_loss(error_); }

 private:
  std::span<const std::byte> bytes_;
  std::string where_;
  uint64_t origin_;
  size_t position_ = 0;
  bool ok_ = true;
  std::string error_;
};

}  // namespace engine
