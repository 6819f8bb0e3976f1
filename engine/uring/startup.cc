#include "engine/uring/startup.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "engine/base/verify.h"
#include "engine/io/socket_name.h"

namespace engine {
namespace {

absl::Status socket_error(std::string_view operation, SocketAddress address) {
  const int error = errno;
  return errno_status(error, std::string(operation) + " " + address.to_string());
}

absl::Status set_option(int fd, int option, int value, int level = SOL_SOCKET) {
  if (setsockopt(fd, level, option, &value, sizeof(value)) == 0) return absl::OkStatus();
  return errno_status(errno, "set socket option " + std::to_string(option));
}

absl::StatusOr<OwnedFd> open_bound_socket(int type, int reuse_option, SocketAddress address) {
  const SocketName name = to_socket_name(address);
  OwnedFd fd(socket(name.family(), type | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return socket_error("make a socket for", address);
  RETURN_IF_ERROR(set_option(fd.get(), reuse_option, 1));
  if (!address.is_v4()) RETURN_IF_ERROR(set_option(fd.get(), IPV6_V6ONLY, 0, IPPROTO_IPV6));
  if (bind(fd.get(), name.get(), name.size) != 0) return socket_error("bind", address);
  return fd;
}

// The address the kernel has chosen, where the asked one left that open.
absl::StatusOr<ListeningSocket> with_address(OwnedFd fd, SocketAddress asked) {
  const std::optional<SocketAddress> address = local_address(fd.get());
  if (!address) return socket_error("name the socket of", asked);
  return ListeningSocket{std::move(fd), *address};
}

absl::Status set_keep_alive(int fd) {
  RETURN_IF_ERROR(set_option(fd, SO_KEEPALIVE, 1));
  RETURN_IF_ERROR(set_option(fd, TCP_KEEPIDLE, keep_alive_idle_s, IPPROTO_TCP));
  RETURN_IF_ERROR(set_option(fd, TCP_KEEPINTVL, keep_alive_interval_s, IPPROTO_TCP));
  return set_option(fd, TCP_KEEPCNT, keep_alive_probes_max, IPPROTO_TCP);
}

// FORCE goes beyond net.core.rmem_max and needs CAP_NET_ADMIN; the plain option is cut to it in silence.
absl::Status set_receive_size(int fd, uint64_t receive_size) {
  constexpr uint64_t size_max = uint64_t{1} << 30;  // the kernel doubles it, in 32 bits
  const int size = static_cast<int>(std::min(receive_size, size_max));
  if (set_option(fd, SO_RCVBUFFORCE, size).ok()) return absl::OkStatus();
  return set_option(fd, SO_RCVBUF, size);
}

bool is_any(SocketAddress address) { return address.host == SocketAddress().host || address.host == std::array<uint8_t, 16>{}; }

absl::Status join(const OwnedFd& fd, const UdpBinding& binding) {
  const SocketAddress& group = *binding.group;
  int result = 0;
  if (group.is_v4()) {
    ip_mreqn membership{};
    std::memcpy(&membership.imr_multiaddr, group.host.data() + 12, sizeof(membership.imr_multiaddr));
    std::memcpy(&membership.imr_address, binding.address.host.data() + 12, sizeof(membership.imr_address));
    RETURN_IF_ERROR(set_option(fd.get(), IP_MULTICAST_ALL, 0, IPPROTO_IP));  // else also what others here have joined
    result = setsockopt(fd.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership));
  } else {
    ipv6_mreq membership{};
    std::memcpy(&membership.ipv6mr_multiaddr, group.host.data(), sizeof(membership.ipv6mr_multiaddr));
    membership.ipv6mr_interface = group.scope;
    result = setsockopt(fd.get(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &membership, sizeof(membership));
  }
  return result == 0 ? absl::OkStatus() : socket_error("join the multicast group", group);
}

// System services hand over sockets that answer at once; the ring waits better than its user.
absl::Status let_it_wait(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) return errno_status(errno, "set the flags of a socket");
  return absl::OkStatus();
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

}  // namespace

absl::StatusOr<ListeningSocket> open_tcp_listener(SocketAddress address) {
  ASSIGN_OR_RETURN(OwnedFd fd, open_bound_socket(SOCK_STREAM, SO_REUSEADDR, address));
  RETURN_IF_ERROR(set_keep_alive(fd.get()));
  if (listen(fd.get(), listen_backlog) != 0) return socket_error("listen on", address);
  return with_address(std::move(fd), address);
}

absl::StatusOr<ListeningSocket> open_udp_socket(const UdpBinding& binding) {
  SocketAddress address = binding.address;
  if (binding.group) {
    if (binding.group->is_v4() != address.is_v4()) {
      return invalid_argument("join the multicast group " + binding.group->to_string() + ": " + address.to_string() +
                              " is of another family");
    }
    if (!is_any(address)) address.host = binding.group->host;
  }
  ASSIGN_OR_RETURN(OwnedFd fd, open_bound_socket(SOCK_DGRAM, SO_REUSEPORT, address));
  if (binding.group) RETURN_IF_ERROR(join(fd, binding));
  RETURN_IF_ERROR(set_receive_size(fd.get(), binding.receive_size));
  return with_address(std::move(fd), address);
}

absl::Status set_up_inherited_tcp(int fd) {
  RETURN_IF_ERROR(let_it_wait(fd));
  return set_keep_alive(fd);
}

absl::Status set_up_inherited_udp(int fd, uint64_t receive_size) {
  RETURN_IF_ERROR(let_it_wait(fd));
  return set_receive_size(fd, receive_size);
}

Delivery read_delivery(int fd) {
  int unconfirmed = 0;
  if (ioctl(fd, SIOCOUTQ, &unconfirmed) != 0) return Delivery::lost;
  if (unconfirmed == 0) return Delivery::confirmed;
  tcp_info info{};
  socklen_t size = sizeof(info);
  const bool is_known = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
  return is_known && info.tcpi_state != TCP_CLOSE ? Delivery::under_way : Delivery::lost;
}

uint32_t read_datagrams_lost(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t size = sizeof(figures);
  return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures.data(), &size) == 0 ? figures[SK_MEMINFO_DROPS] : 0;
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
