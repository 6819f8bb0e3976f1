// Sends the rows of a RowSource over TCP: one thread, nonblocking sockets, one connection for each sender.
//
// At full speed every socket is kept full. With a rate the schedule is open: what is due by the clock is sent, and a slow
// server does not make the schedule slower. Sends end at line ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "tools/load/rows.h"

namespace tools {

struct SendOptions {
  engine::SocketAddress server;
  size_t batch_size = 256 * 1024;  // bytes of a send, at most
  double rate = 0;                 // rows a second of all connections; 0: full speed
  bool single_row = false;         // one send for each row
};

inline constexpr size_t batch_size_min = RowSource::row_size_max;
inline constexpr size_t batch_size_max = size_t{64} << 20;

// What the kernel has taken; rows of a batch that it took in part are not counted yet.
struct SendTotals {
  uint64_t rows = 0;
  uint64_t bytes = 0;
};

class SendObserver {
 public:
  virtual ~SendObserver() = default;
  // About twenty times a second.
  virtual void on_sent(const SendTotals& totals) = 0;
};

class LoadSender {
 public:
  LoadSender(const RowSource& rows, const SendOptions& options);
  ~LoadSender();
  LoadSender(const LoadSender&) = delete;
  LoadSender& operator=(const LoadSender&) = delete;

  // failed_precondition: who refused, and what to do.
  absl::Status connect();

  // Sends all rows. unavailable when the server closes or resets a connection; rows_sent tells how far each sender came.
  // `observer` may be null.
  absl::Status run(SendObserver* observer);

  // Ends the streams and waits until the server has closed all connections, that is has read everything.
  absl::Status finish();

  SendTotals totals() const;
  // Sequences below this one were handed to the kernel, whole.
  uint64_t rows_sent(uint32_t sender) const;
  // The local end of a sender's connection: what the server calls its peer.
  engine::SocketAddress address(uint32_t sender) const;

 private:
  struct Connection;

  uint64_t rows_due(const Connection& connection, double elapsed_s) const;
  absl::Status advance(Connection& connection, double elapsed_s, bool& progressed);
  absl::Status connection_error(const Connection& connection, int error) const;
  void wait_until_writable();

  const RowSource& rows_;
  SendOptions options_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace tools
