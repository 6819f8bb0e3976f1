#include "engine/io/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace engine {
namespace {

template <typename Integer>
bool parse_number(std::string_view text, Integer& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  SocketAddress address;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !parse_number(text.substr(colon + 1), address.port)) return std::nullopt;
  std::string_view name = text.substr(0, colon);
  const bool is_v6 = name.starts_with('[') && name.ends_with(']');
  if (!is_v6) {
    in_addr v4{};
    if (::inet_pton(AF_INET, std::string(name).c_str(), &v4) != 1) return std::nullopt;
    return SocketAddress::v4(ntohl(v4.s_addr), address.port);
  }
  name = name.substr(1, name.size() - 2);
  const size_t percent = std::min(name.find('%'), name.size());
  if (percent != name.size() && !parse_number(name.substr(percent + 1), address.scope)) return std::nullopt;
  if (::inet_pton(AF_INET6, std::string(name.substr(0, percent)).c_str(), address.host.data()) != 1) return std::nullopt;
  return address;
}

std::string SocketAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    ::inet_ntop(AF_INET, host.data() + 12, text.data(), text.size());
    return std::string(text.data()) + ':' + std::to_string(port);
  }
  ::inet_ntop(AF_INET6, host.data(), text.data(), text.size());
  const std::string zone = scope == 0 ? std::string() : '%' + std::to_string(scope);
  return '[' + std::string(text.data()) + zone + "]:" + std::to_string(port);
}

}  // namespace engine
