// Two clocks, both in nanoseconds. Instant is monotonic and orders events; WallTime is the calendar and may step back.
// Below main both come from IoBackend only, so that the simulator owns time.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/verify.h"

namespace engine {

struct Duration {
  int64_t ns = 0;

  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
  friend constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
  friend constexpr Duration operator*(Duration a, int64_t n) { return {a.ns * n}; }
};

constexpr Duration microseconds(int64_t n) { return {n * 1'000}; }
constexpr Duration milliseconds(int64_t n) { return {n * 1'000'000}; }
constexpr Duration seconds(int64_t n) { return {n * 1'000'000'000}; }

// What a count of time counts. The one place that knows how many of one are another.
enum class TimeUnit : uint8_t {
  unspecified,  // whoever wrote the count did not say
  ns,
  us,
  ms,
  seconds,
  minutes,
  hours,
};

constexpr int64_t ns_per(TimeUnit unit) {
  constexpr std::array<int64_t, 7> sizes = {0, 1, 1'000, 1'000'000, 1'000'000'000, 60'000'000'000, 3'600'000'000'000};
  static_assert(sizes.size() == static_cast<size_t>(TimeUnit::hours) + 1);
  return sizes[static_cast<size_t>(unit)];
}

// `count` in another unit, rounded towards zero; nothing when it does not fit. Neither unit is unspecified.
constexpr std::optional<int64_t> convert_time(int64_t count, TimeUnit from, TimeUnit to) {
  VERIFY_DEBUG(from != TimeUnit::unspecified && to != TimeUnit::unspecified);
  if (ns_per(from) < ns_per(to)) return count / (ns_per(to) / ns_per(from));
  int64_t converted = 0;
  if (__builtin_mul_overflow(count, ns_per(from) / ns_per(to), &converted)) return std::nullopt;
  return converted;
}

struct Instant {
  int64_t ns = 0;  // since an arbitrary origin

  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }
};

inline constexpr Instant instant_never{INT64_MAX};

struct WallTime {
  int64_t ns = 0;  // since 1970-01-01T00:00:00Z

  friend constexpr auto operator<=>(const WallTime&, const WallTime&) = default;
};

}  // namespace engine
