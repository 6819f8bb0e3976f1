#include "tools/serve/free_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace tools {

absl::Status check_address_is_free(engine::SocketAddress address, int socket_type) {
  const int descriptor = ::socket(AF_INET, socket_type | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return engine::errno_status(errno, "cannot make a socket");
  // As the listener itself does it: a port whose old connections are still fading out is free.
  const int yes = 1;
  if (socket_type == SOCK_STREAM) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(address.ipv4);
  name.sin_port = htons(address.port);
  int error = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 ? 0 : errno;
  if (error == 0 && socket_type == SOCK_STREAM && ::listen(descriptor, 1) != 0) error = errno;
  ::close(descriptor);
  if (error == 0) return absl::OkStatus();
  const std::string what = "cannot listen on " + address.to_string();
  if (error == EADDRINUSE) return engine::already_exists(what + ": another process uses the port");
  return engine::errno_status(error, what);
}

}  // namespace tools
