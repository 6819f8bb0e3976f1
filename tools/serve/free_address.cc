#include "tools/serve/free_address.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "engine/io/socket_name.h"

namespace tools {

absl::Status check_address_is_free(engine::SocketAddress address, int socket_type) {
  const engine::SocketName name = engine::to_socket_name(address);
  const int descriptor = ::socket(name.family(), socket_type | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return engine::errno_status(errno, "cannot make a socket for " + address.to_string());
  // As the listener itself does it: a port whose old connections are still fading out is free.
  const int yes = 1;
  if (socket_type == SOCK_STREAM) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  const int no = 0;
  if (!address.is_v4()) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  int error = ::bind(descriptor, name.get(), name.size) == 0 ? 0 : errno;
  if (error == 0 && socket_type == SOCK_STREAM && ::listen(descriptor, 1) != 0) error = errno;
  ::close(descriptor);
  if (error == 0) return absl::OkStatus();
  const std::string what = "cannot listen on " + address.to_string();
  if (error == EADDRINUSE) return engine::already_exists(what + ": another process uses the port");
  return engine::errno_status(error, what);
}

}  // namespace tools
