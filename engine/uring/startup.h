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

// Backlog listen_backlog. The address can be bound again at once after a restart. Accepted sockets inherit a sign of life: a
// connection that is silent for keep_alive_idle_s is asked every keep_alive_interval_s, and ends with an error after
// keep_alive_probes_max questions without an answer. Nothing else would ever end one whose peer has lost power.
absl::StatusOr<ListeningSocket> open_tcp_listener(SocketAddress address);

// The receive buffer is as large as the system allows, up to udp_receive_size_max. Several sockets may share the address; the
// kernel then spreads the senders over them.
absl::StatusOr<ListeningSocket> open_udp_socket(SocketAddress address);

inline constexpr int listen_backlog = 1024;
inline constexpr int keep_alive_idle_s = 300;
inline constexpr int keep_alive_interval_s = 60;
inline constexpr int keep_alive_probes_max = 5;
inline constexpr int udp_receive_size_max = 64 << 20;

absl::StatusOr<OwnedFd> open_directory(const std::string& path);

// Entries of a directory below `root`, without "." and "..", sorted by name. The path "" is the root itself.
absl::StatusOr<std::vector<DirectoryEntry>> list_entries(const OwnedFd& root, const std::string& path);

// From the kernel's random number generator.
uint64_t random_seed();

}  // namespace engine
