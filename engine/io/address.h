// Where a socket is, or its peer: one type for both, and the one place that knows how an address is written. IPv4; this is
// where IPv6 comes in.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace engine {

struct SocketAddress {
  uint32_t ipv4 = 0;  // host byte order
  uint16_t port = 0;  // of a socket to be bound, 0: any free one

  friend constexpr auto operator<=>(const SocketAddress&, const SocketAddress&) = default;

  std::string to_string() const;  // 127.0.0.1:1234
};

}  // namespace engine
