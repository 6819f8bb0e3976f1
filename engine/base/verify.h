// Assertions that stay on in release builds. A failed VERIFY is a bug in Millrace: it prints the condition, its operands and
// the place, then aborts. The disk, the peer and the configuration are not bugs; they travel as absl::Status
// (engine/base/status.h).
//
//   VERIFY(ready);                   one condition
//   VERIFY_EQ(found, expected);      shows both operands when they differ; also _NE _LT _LE _GT _GE
//   VERIFY_DEBUG(slow_check());      only in debug and sanitizer builds
//   UNREACHABLE("state");            a switch that cannot fall out
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace engine::detail {

// An operand as text: integers, enums, bools and ids (engine/base/ids.h) by value, times in ns, everything else as "?".
struct Operand {
  enum class Kind : uint8_t { signed_integer, unsigned_integer, text, opaque };

  Kind kind = Kind::opaque;
  int64_t signed_value = 0;
  uint64_t unsigned_value = 0;
  std::string_view text;
};

template <typename T>
constexpr Operand operand(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return operand(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    return {.kind = Operand::Kind::text, .text = value};
  } else if constexpr (std::signed_integral<T>) {
    return {.kind = Operand::Kind::signed_integer, .signed_value = static_cast<int64_t>(value)};
  } else if constexpr (std::unsigned_integral<T>) {
    return {.kind = Operand::Kind::unsigned_integer, .unsigned_value = static_cast<uint64_t>(value)};
  } else if constexpr (requires { value.value; }) {
    return operand(value.value);
  } else if constexpr (requires { value.ns; }) {
    return operand(value.ns);
  } else {
    return {};
  }
}

[[noreturn]] void verify_failed(const char* file, int line, const char* condition);
[[noreturn]] void verify_failed(const char* file, int line, const char* condition, const Operand& left, const Operand& right);

}  // namespace engine::detail

#define VERIFY(condition)                                              \
  do {                                                                 \
    if (!(condition)) [[unlikely]]                                     \
      ::engine::detail::verify_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#define MILLRACE_VERIFY_COMPARE(left, op, right)                                                                            \
  do {                                                                                                                      \
    const auto& verify_left = (left);                                                                                       \
    const auto& verify_right = (right);                                                                                     \
    if (!(verify_left op verify_right)) [[unlikely]]                                                                        \
      ::engine::detail::verify_failed(__FILE__, __LINE__, #left " " #op " " #right, ::engine::detail::operand(verify_left), \
                                      ::engine::detail::operand(verify_right));                                             \
  } while (false)

#define VERIFY_EQ(left, right) MILLRACE_VERIFY_COMPARE(left, ==, right)
#define VERIFY_NE(left, right) MILLRACE_VERIFY_COMPARE(left, !=, right)
#define VERIFY_LT(left, right) MILLRACE_VERIFY_COMPARE(left, <, right)
#define VERIFY_LE(left, right) MILLRACE_VERIFY_COMPARE(left, <=, right)
#define VERIFY_GT(left, right) MILLRACE_VERIFY_COMPARE(left, >, right)
#define VERIFY_GE(left, right) MILLRACE_VERIFY_COMPARE(left, >=, right)

#ifdef NDEBUG
#define VERIFY_DEBUG(condition) static_cast<void>(0)
#else
#define VERIFY_DEBUG(condition) VERIFY(condition)
#endif

#define UNREACHABLE(what) ::engine::detail::verify_failed(__FILE__, __LINE__, "unreachable: " what)
