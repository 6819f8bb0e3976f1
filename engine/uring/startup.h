// The system calls of start-up that io_uring has no part in: they block, return Status, and run before a thread serves anybody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/uring/files.h"

namespace engine {

struct ListeningSocket {
  OwnedFd fd;
  SocketAddress address;  // with the port that was chosen
};

// Backlog listen_backlog. The address can be bound again at once after a restart. [::] takes IPv4, too. Accepted sockets
// inherit a sign of life: a connection that is silent for keep_alive_idle_s is asked every keep_alive_interval_s, and ends with
// an error after keep_alive_probes_max questions without an answer. Nothing else would ever end one whose peer has lost power.
absl::StatusOr<ListeningSocket> open_tcp_listener(SocketAddress address);

// See UdpBinding. With a group and a host that is not any, the group comes in on the interface that has this host, and nothing
// else does.
absl::StatusOr<ListeningSocket> open_udp_socket(const UdpBinding& binding);

// The same signs of life, and the same room, for sockets that somebody else has bound.
absl::Status set_up_inherited_tcp(int fd);
absl::Status set_up_inherited_udp(int fd, uint64_t receive_size);

// IoBackend::delivery, from the socket's count of bytes that are sent and not confirmed.
Delivery read_delivery(int fd);

// IoBackend::datagrams_lost, from the socket's own counter, which is exact at any moment. A count in each datagram
// (SO_RXQ_OVFL) would say nothing of those behind the last one, and /proc/net/udp is a text of all sockets of the machine.
uint32_t read_datagrams_lost(int fd);

inline constexpr int listen_backlog = 1024;
inline constexpr int keep_alive_idle_s = 300;
inline constexpr int keep_alive_interval_s = 60;
inline constexpr int keep_alive_probes_max = 5;

absl::StatusOr<OwnedFd> open_directory(const std::string& path);

// Entries of a directory below `root`, without "." and "..", sorted by name. The path "" is the root itself.
absl::StatusOr<std::vector<DirectoryEntry>> list_entries(const OwnedFd& root, const std::string& path);

// From the kernel's random number generator.
uint64_t random_seed();

}  // namespace engine
