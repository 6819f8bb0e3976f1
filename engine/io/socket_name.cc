#include "engine/io/socket_name.h"

#include <algorithm>
#include <cstring>

namespace engine {

SocketName to_socket_name(const SocketAddress& address) {
  SocketName name;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.host.data() + 12, sizeof(v4.sin_addr));
    std::memcpy(&name.storage, &v4, sizeof(v4));
    name.size = sizeof(v4);
    return name;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  v6.sin6_scope_id = address.scope;
  std::memcpy(&v6.sin6_addr, address.host.data(), sizeof(v6.sin6_addr));
  std::memcpy(&name.storage, &v6, sizeof(v6));
  name.size = sizeof(v6);
  return name;
}

std::optional<SocketAddress> to_address(const void* name, size_t size) {
  sockaddr_storage storage{};
  std::memcpy(&storage, name, std::min(size, sizeof(storage)));
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof(v4));
    return SocketAddress::v4(ntohl(v4.sin_addr.s_addr), ntohs(v4.sin_port));
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &storage, sizeof(v6));
  SocketAddress address{.scope = v6.sin6_scope_id, .port = ntohs(v6.sin6_port)};
  std::memcpy(address.host.data(), &v6.sin6_addr, address.host.size());
  return address;
}

std::optional<SocketAddress> local_address(int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  return to_address(&name, size);
}

std::optional<SocketAddress> peer_address(int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) return std::nullopt;
  return to_address(&name, size);
}

}  // namespace engine
