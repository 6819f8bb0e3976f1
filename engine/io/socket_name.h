// A SocketAddress as system calls take it and give it back.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "engine/io/address.h"

namespace engine {

struct SocketName {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketName to_socket_name(const SocketAddress& address);

// `name` holds `size` bytes. Nothing for a family that is none of the internet's.
std::optional<SocketAddress> to_address(const void* name, size_t size);

// What the socket is bound to, and what it is connected to. Nothing: it is not, or no more.
std::optional<SocketAddress> local_address(int socket);
std::optional<SocketAddress> peer_address(int socket);

}  // namespace engine
