// What goes wrong in a simulated world, and how fast it is. Everything is off by default except what any kernel may do at any
// time: completions in any order, streams cut anywhere, and unsynced data lost by a power failure. Rates are chances per
// million.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/time.h"

namespace sim {

inline constexpr uint32_t always = 1'000'000;  // as a rate

// What can go wrong; the world counts each kind (SimWorld::fault_count).
enum class Fault : uint8_t {
  disk_stall,
  read_error,
  write_error,
  sync_error,
  entry_error,
  write_short,
  read_short,
  misdirected_write,
  disk_full,
  fail_point,
  reset,
  accept_error,
  multishot_end,
  buffers_exhausted,
  send_short,
  datagram_lost,
  datagram_twice,
  submit_short,
};

inline constexpr std::array fault_names = {
    "slow disk operations", "read errors",      "write errors", "sync errors",    "errors of names", "short writes",
    "short reads",          "writes elsewhere", "full disks",   "fail points",    "resets",          "accept errors",
    "ended multishots",     "missing buffers",  "short sends",  "datagrams lost", "datagrams twice", "short submits",
};

using FaultCounts = std::array<uint64_t, fault_names.size()>;  // by Fault

struct DiskFaults {
  engine::Duration latency_min = engine::microseconds(5);
  engine::Duration latency_max = engine::microseconds(400);
  uint32_t stall_rate = 0;  // an operation takes up to stall_max longer
  engine::Duration stall_max = engine::seconds(60);

  uint32_t read_error_rate = 0;   // -EIO
  uint32_t write_error_rate = 0;  // -EIO; a part of the bytes may have been written
  // -EIO once; what was not written is forgotten by later syncs, but still read until a power failure
  uint32_t sync_error_rate = 0;
  uint32_t entry_error_rate = 0;  // -EIO of open, rename, unlink, mkdir, rmdir; without effect

  uint32_t write_short_rate = 0;
  // before the end of the file, which engine/io/backend.h rules out: for code that survives it anyway
  uint32_t read_short_rate = 0;
  uint32_t misdirected_write_rate = 0;  // lands in another block of the file, and says that it succeeded

  // The bytes of a torn write that survive a power failure do so in units of this size. A power of two.
  uint64_t tear_size = 512;
};

struct NetFaults {
  engine::Duration latency_min = engine::microseconds(20);
  engine::Duration latency_max = engine::microseconds(500);

  uint32_t reset_rate = 0;              // per delivery, both sides see it
  uint32_t accept_error_rate = 0;       // -EMFILE, ends the multishot; the connection stays in the backlog
  uint32_t multishot_end_rate = 0;      // more = false on a good result
  uint32_t buffers_exhausted_rate = 0;  // -ENOBUFS although there are buffers
  uint32_t send_short_rate = 0;
  uint32_t datagram_lost_rate = 0;
  uint32_t datagram_twice_rate = 0;
};

struct WorldOptions {
  uint64_t seed = 1;
  engine::WallTime wall_start{1'700'000'000'000'000'000};
  DiskFaults disk;
  NetFaults net;
  uint64_t disk_capacity = UINT64_MAX;  // bytes; beyond it -ENOSPC
};

struct BackendOptions {
  size_t requests_max = 256;  // taken and not finally reaped
  size_t receive_buffer_count = 16;
  size_t receive_buffer_size = 4096;
  uint32_t submit_short_rate = 0;  // submit takes fewer requests than it could
};

}  // namespace sim
