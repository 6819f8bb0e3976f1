#include "engine/uring/startup.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "engine/base/verify.h"

namespace engine {
namespace {

absl::Status socket_error(std::string_view operation, SocketAddress address) {
  const int error = errno;
  return errno_status(error, std::string(operation) + " " + address.to_string());
}

absl::Status set_option(const OwnedFd& fd, int option, int value, int level = SOL_SOCKET) {
  if (setsockopt(fd.get(), level, option, &value, sizeof(value)) == 0) return absl::OkStatus();
  return errno_status(errno, "set socket option " + std::to_string(option));
}

absl::StatusOr<OwnedFd> open_bound_socket(int type, int reuse_option, SocketAddress address) {
  OwnedFd fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return socket_error("make a socket for", address);
  RETURN_IF_ERROR(set_option(fd, reuse_option, 1));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  name.sin_addr.s_addr = htonl(address.ipv4);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) return socket_error("bind", address);
  return fd;
}

// The address the kernel has chosen, where the asked one left that open.
absl::StatusOr<ListeningSocket> with_address(OwnedFd fd, SocketAddress asked) {
  sockaddr_in name{};
  socklen_t size = sizeof(name);
  if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return socket_error("name the socket of", asked);
  const SocketAddress address{ntohl(name.sin_addr.s_addr), ntohs(name.sin_port)};
  return ListeningSocket{std::move(fd), address};
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

absl::StatusOr<ListeningSocket> open_tcp_listener(SocketAddress address) {
  ASSIGN_OR_RETURN(OwnedFd fd, open_bound_socket(SOCK_STREAM, SO_REUSEADDR, address));
  RETURN_IF_ERROR(set_option(fd, SO_KEEPALIVE, 1));
  RETURN_IF_ERROR(set_option(fd, TCP_KEEPIDLE, keep_alive_idle_s, IPPROTO_TCP));
  RETURN_IF_ERROR(set_option(fd, TCP_KEEPINTVL, keep_alive_interval_s, IPPROTO_TCP));
  RETURN_IF_ERROR(set_option(fd, TCP_KEEPCNT, keep_alive_probes_max, IPPROTO_TCP));
  if (listen(fd.get(), listen_backlog) != 0) return socket_error("listen on", address);
  return with_address(std::move(fd), address);
}

absl::StatusOr<ListeningSocket> open_udp_socket(SocketAddress address) {
  ASSIGN_OR_RETURN(OwnedFd fd, open_bound_socket(SOCK_DGRAM, SO_REUSEPORT, address));
  // FORCE goes beyond net.core.rmem_max and needs CAP_NET_ADMIN; the plain option is cut to it in silence.
  if (!set_option(fd, SO_RCVBUFFORCE, udp_receive_size_max).ok()) {
    RETURN_IF_ERROR(set_option(fd, SO_RCVBUF, udp_receive_size_max));
  }
  return with_address(std::move(fd), address);
}

absl::StatusOr<OwnedFd> open_directory(const std::string& path) {
  OwnedFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return errno_status(errno, "open directory " + path);
  return fd;
}

absl::StatusOr<std::vector<DirectoryEntry>> list_entries(const OwnedFd& root, const std::string& path) {
  const std::string_view shown = path.empty() ? "." : std::string_view(path);
  const std::string what = "list directory " + std::string(shown);
  OwnedFd fd(openat(root.get(), shown.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return errno_status(errno, what);
  const std::unique_ptr<DIR, CloseDirectory> directory(fdopendir(fd.get()));
  if (directory == nullptr) return errno_status(errno, what);
  const int directory_fd = fd.release();  // `directory` closes it

  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;  // tells the end from an error
    const dirent* entry = readdir(directory.get());
    if (entry == nullptr && errno != 0) return errno_status(errno, what);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat attributes {};
    if (fstatat(directory_fd, entry->d_name, &attributes, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed since readdir saw it
      return errno_status(errno, what + ": " + entry->d_name);
    }
    const bool is_directory = S_ISDIR(attributes.st_mode);
    entries.push_back({std::string(name), is_directory, is_directory ? 0 : static_cast<uint64_t>(attributes.st_size)});
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

uint64_t random_seed() {
  uint64_t seed = 0;
  // Short of 256 bytes it neither fails nor stops half-way once the kernel's generator is seeded.
  VERIFY_EQ(getrandom(&seed, sizeof(seed), 0), static_cast<ssize_t>(sizeof(seed)));
  return seed;
}

}  // namespace engine
