// Says which lines were rejected: peer, byte position, reason and the offending text, escaped. At most lines_per_second_max a
// second of each reason; the next one that is written says how many were left out.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "net/ingest/ledger.h"
#include "net/line/error.h"

namespace net {

inline constexpr size_t logged_text_size_max = 256;

// Printable ASCII as it is, everything else as \xNN, quotes and backslashes too; at most `size_max` bytes of `text`.
std::string escape_for_log(std::string_view text, size_t size_max = logged_text_size_max);

struct RejectedLine {
  Transport transport{};
  engine::SocketAddress peer;
  LineError error{};
  std::string_view detail;  // what exactly
  std::string_view raw;     // the line as sent
  uint64_t offset = 0;      // of its first byte in the stream or datagram
};

class BadLineLog {
 public:
  static constexpr uint32_t lines_per_second_max = 10;

  // Whether the next line that was rejected for this reason is written: then it is composed and goes to write(). Else it is
  // counted as left out.
  bool wants(LineError error, engine::Instant now);

  // One line for each time that wants() was true.
  void write(const RejectedLine& line);

 private:
  struct Quota {
    engine::Instant second_start;
    uint32_t written = 0;
    uint64_t left_out = 0;
  };

  std::array<Quota, line_error_count> quotas_{};
};

}  // namespace net
