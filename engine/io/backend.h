// THE SEAM. Everything Millrace asks of the world outside its memory goes through one IoBackend per shard: files, sockets,
// time, randomness and waking a peer. Two implementations: UringBackend (the kernel) and SimBackend (tests/sim, a faulty world
// by seed). Reactor, WAL, tables and network are plain compiled code above it and run unchanged on both.
//
// One virtual call per batch of requests, never per row. A backend belongs to the thread of its shard; only `wake` crosses
// threads.
//
// Order: requests of one submit have NO order among each other. Who needs "write, then sync" waits for the write's completion.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/status.h"
#include "engine/base/time.h"
#include "engine/io/address.h"

namespace engine {

class IoCompletion;

enum class IoOp : uint8_t {
  // Files. Paths are relative to the data directory and '/'-separated; they outlive the request.
  open,         // path, open_mode -> file (reserved before with reserve_file)
  close,        // file; the slot is free again when it completes, also when its open had failed (-EBADF)
  read,         // file, offset, buffer -> bytes read, short only at the end of the file
  write,        // file, offset, buffer -> bytes written; O_DIRECT files want block_size alignment of all three
  write_dsync,  // as write, and durable when it completes (RWF_DSYNC)
  sync_data,    // file -> fdatasync; on a directory: its entries are durable
  allocate,     // file, offset, size -> space is reserved and the file size covers it; reads as zeros
  rename,       // path -> path_target, replacing it
  unlink,       // path
  mkdir,        // path; -EEXIST when it is there
  rmdir,        // path of an empty directory

  // Sockets.
  accept,     // file = listener; multishot: each result is a raw socket number for adopt_socket (of any backend)
  recv,       // file = TCP socket; multishot: results carry `data` in a backend buffer; 0 = end of stream
  recv_once,  // the same with a single result, for a receiver that stops between two
  recv_from,  // file = UDP socket; multishot: one datagram a result; an empty one may end the request
              // all three end with -ENOBUFS, without data, while every buffer is lent: release some, then ask again
  recv_into,  // file = TCP socket, buffer -> bytes received into it, a single result; 0 = end of stream. For who must not
              // wait for others to release buffers
  send,       // file, buffer -> bytes sent, may be short
  shutdown,   // file: no more receives and sends; pending ones complete

  cancel,  // ends the multishot request whose completion is `target`; it completes with -ECANCELED and more = false.
           // The cancel itself: 0, or -ENOENT when the target has ended already
};

enum class OpenMode : uint8_t {
  read,               // buffered, existing file
  read_write,         // buffered, created when missing
  read_write_direct,  // O_DIRECT, created when missing
  directory,          // for sync_data
};

struct IoRequest {
  IoOp op{};
  OpenMode open_mode{};
  FileId file = file_none;
  uint64_t offset = 0;
  uint64_t size = 0;            // allocate only
  std::span<std::byte> buffer;  // read and recv_into: target; write and send: source, not modified
  const char* path = nullptr;
  const char* path_target = nullptr;   // rename only
  IoCompletion* target = nullptr;      // cancel only
  IoCompletion* completion = nullptr;  // null: the result is of no interest
};

// Where received bytes are. The backend owns the memory and lends it until release_buffer.
using BufferId = Id<struct BufferTag, uint32_t>;
inline constexpr BufferId buffer_none{UINT32_MAX};

struct IoResult {
  IoCompletion* completion = nullptr;
  int32_t result = 0;  // >= 0: count, raw socket number or 0; < 0: -errno
  bool more = false;   // multishot: further results follow without a new request
  BufferId buffer = buffer_none;
  std::span<std::byte> data;  // received bytes, inside `buffer`
  SocketAddress peer;         // accept, recv_from
};

// Owned by whoever waits (a member), reused, never allocated per request. At most one request uses it at a time.
class IoCompletion {
 public:
  virtual void complete(const IoResult& result) = 0;

 protected:
  ~IoCompletion() = default;
};

// Calls a member function: MemberCompletion<&WalWriter::on_written> written_{*this};
template <auto method>
class MemberCompletion;
template <typename Owner, void (Owner::*method)(const IoResult&)>
class MemberCompletion<method> final : public IoCompletion {
 public:
  explicit MemberCompletion(Owner& owner) : owner_(owner) {}
  void complete(const IoResult& result) override { (owner_.*method)(result); }

 private:
  Owner& owner_;
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
  uint64_t size = 0;  // bytes; files only
};

struct UdpBinding {
  SocketAddress address;
  std::optional<SocketAddress> group;          // a multicast group to join; its port is that of `address`
  uint64_t receive_size = uint64_t{64} << 20;  // bytes that wait in the kernel, as far as the system allows
};

enum class Delivery : uint8_t {
  confirmed,  // the peer's system has all of it
  under_way,
  lost,  // perhaps: the connection is gone, and not all was confirmed
};

struct BoundSocket {
  FileId file;
  SocketAddress address;  // with the port that was chosen
};

class IoBackend {
 public:
  virtual ~IoBackend() = default;

  // Takes a prefix of `requests` and returns its length; short means that the backend is full: reap, then go on.
  virtual size_t submit(std::span<const IoRequest> requests) = 0;

  // Fills `results` with what has completed, in any order, and returns how many. Waits for the first one, at most until
  // `deadline` (a past instant does not wait), and returns early with 0 when a peer called wake.
  virtual size_t reap(std::span<IoResult> results, Instant deadline) = 0;

  // Gives received bytes back.
  virtual void release_buffer(BufferId buffer) = 0;

  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;
  virtual uint64_t random() = 0;

  // Makes the `reap` in which `peer` waits, or the next one, return. Called on this backend's thread; `peer` may be on another.
  // It reaches the peer with the next reap of this backend: who computes for long reaps first.
  virtual void wake(IoBackend& peer) = 0;

  // File slots are chosen by the user, so that a whole sequence of requests can be planned before the first one ran.
  virtual FileId reserve_file() = 0;

  // A socket from an accept of any backend of this process becomes a file of this one.
  virtual FileId adopt_socket(int32_t raw_socket) = 0;

  // Blocking, for start-up only.
  virtual absl::StatusOr<std::vector<DirectoryEntry>> list_directory(std::string_view path) = 0;
  virtual absl::StatusOr<BoundSocket> listen_tcp(SocketAddress address) = 0;
  // Any number of sockets may share an address; the kernel then spreads the senders over them. Of a multicast group each gets
  // every datagram.
  virtual absl::StatusOr<BoundSocket> bind_udp(const UdpBinding& binding) = 0;

  // What has become of all that was sent over a TCP socket, as far as this system knows.
  virtual Delivery delivery(FileId socket) = 0;

  // Datagrams for which a UDP socket had no room since it was bound, modulo 2^32.
  virtual uint32_t datagrams_lost(FileId socket) = 0;
};

}  // namespace engine
