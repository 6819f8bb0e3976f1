// Two clocks, both in nanoseconds. Instant is monotonic and orders events; WallTime is the calendar and may step back.
// Below main both come from IoBackend only, so that the simulator owns time.
#pragma once

#include <compare>
#include <cstdint>

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
