// Where a socket is, or its peer: one type for both and for both families, and the one place that knows how an address is
// written. An IPv4 address is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that both spellings are one address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace engine {

struct SocketAddress {
  std::array<uint8_t, 16> host = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};  // network order; 0.0.0.0
  uint32_t scope = 0;  // of a link-local address: the number of its network interface
  uint16_t port = 0;   // of a socket to be bound, 0: any free one

  friend constexpr auto operator<=>(const SocketAddress&, const SocketAddress&) = default;

  // `host` in host byte order: v4(0x7f000001, 9009) is 127.0.0.1:9009.
  static constexpr SocketAddress v4(uint32_t host, uint16_t port) {
    SocketAddress address{.port = port};
    for (size_t i = 0; i < 4; ++i) address.host[12 + i] = static_cast<uint8_t>(host >> (24 - 8 * i));
    return address;
  }
  static constexpr SocketAddress loopback(uint16_t port) { return v4(0x7f000001, port); }

  // 127.0.0.1:1234, [::1]:1234, [fe80::1%2]:1234; no names of hosts.
  static std::optional<SocketAddress> parse(std::string_view text);

  constexpr bool is_v4() const {
    for (size_t i = 0; i < 10; ++i) {
      if (host[i] != 0) return false;
    }
    return host[10] == 0xff && host[11] == 0xff;
  }
  constexpr bool is_multicast() const { return is_v4() ? (host[12] & 0xf0) == 0xe0 : host[0] == 0xff; }

  std::string to_string() const;  // as parse() takes it
};

}  // namespace engine
