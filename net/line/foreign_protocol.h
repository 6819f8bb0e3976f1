// Tells from the first bytes of a stream that its sender speaks another protocol than the line protocol. Only beginnings count
// with which no line can begin that could be stored: a slash where a name should be, a byte that no name may hold, a name
// without a value. So nobody is turned away who sends lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net {

struct ForeignProtocol {
  std::string_view name;  // for people
  std::string_view advice;
};

// Belongs to one stream.
class StreamBeginning {
 public:
  // The next bytes of the stream. Returns who speaks when that is known and foreign, else null.
  const ForeignProtocol* look_at(std::string_view bytes);

  bool is_decided() const { return is_decided_; }

 private:
  static constexpr size_t size_max = 20;

  std::array<char, size_max> bytes_;
  uint8_t size_ = 0;
  bool is_decided_ = false;  // it may be lines, or who speaks was said
};

}  // namespace net
