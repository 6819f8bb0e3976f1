// Values that a line carries in binary. Their bytes may be any, line feeds too: they are counted, and never looked at for the
// end of something.
//
// value   := '=' | type u8 | payload                                       little-endian but for the number of a decimal
// payload := 2: f32   3: i32   6: u8, true iff 1   13: unit u8 (ns, us, ms, s, minutes, hours from 1) i64   15: i64   16: f64
//            14: element type u8 (10: f64) | dimensions u8 | i32 x dimensions | f64 x their product, row-major |
//                no dimensions: null; none of the values when a dimension is 0
//            23: scale u8 | size u8 | number in two's complement of that size | (decimal.h)
#pragma once

#include <cstddef>
#include <string_view>

#include "net/line/error.h"
#include "net/line/value.h"

namespace net {

inline constexpr size_t binary_front_size = 2;  // the '=' and the type: nothing is known before they are there
inline constexpr size_t array_dimensions_max = 32;
inline constexpr size_t array_size_max = 0x7fffffff;  // bytes of the values

struct BinaryExtent {
  LineError error = LineError::none;  // what the last byte of the front has shown
  size_t size = 0;                    // as large as the front: the value is whole; larger: look again at that many bytes
};

// What the first bytes of a value say of its size. `front` has exactly as many bytes as were asked for: binary_front_size, then
// the size that the last call gave. It takes one call for each dimension of an array, and few for anything else.
BinaryExtent look_at_binary(std::string_view front);

// Reads a value that is whole. Sets `value`, whose text then points into `bytes` or is empty, or returns why it is none.
LineError read_binary(std::string_view bytes, LineValue& value);

}  // namespace net
