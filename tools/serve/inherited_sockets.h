// Listening sockets that this process was started with, by the protocol of systemd (sd_listen_fds(3)): LISTEN_FDS descriptors
// from 3 on, for the process LISTEN_PID, with names in LISTEN_FDNAMES. They outlive the process, so that a restart refuses
// nobody.
//
// A socket is told by its name: tcp, udp, http. One with another name, or none, is told by its kind: a datagram socket takes
// lines over UDP, a stream socket with the port of http.net.bind.to HTTP, one with that of line.tcp.net.bind.to lines over TCP.
#pragma once

#include "engine/base/status.h"
#include "net/node/options.h"

namespace tools {

// Takes them for `options`, whose addresses become theirs. Call it once, at start. invalid-argument: one is none that can be
// used, or there are two of a kind, or what it is for is switched off.
absl::Status take_inherited_sockets(net::NodeOptions& options);

}  // namespace tools
