// Rows of the kill -9 test: each has a unique id, and every other cell follows from the id, so a lost, repeated or mixed-up row
// shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "storage/read/table_scan.h"

namespace tests {

struct KillRowsOptions {
  uint32_t tables = 100;
  uint32_t extra_columns = 12;  // each sender begins to send extra column k with its row number k * extra_every
  uint64_t extra_every = 20'000;
};

// Sender in the upper 32 bits, number of the row in the others.
constexpr uint64_t make_row_id(uint32_t sender, uint64_t number) { return uint64_t{sender} << 32 | number; }
constexpr uint32_t sender_of(uint64_t id) { return static_cast<uint32_t>(id >> 32); }
constexpr uint64_t number_of(uint64_t id) { return id & 0xffffffffU; }

// Appends the row as a line.
void append_line(const KillRowsOptions& options, uint64_t id, std::string& lines);

// What is known of a sender's rows.
struct SentRows {
  uint64_t sent = 0;           // rows whose bytes went into the socket, all or in part
  uint64_t durable = 0;        // the first so many were called durable
  std::vector<uint8_t> found;  // by number: 1 = an earlier check has found it, 2 = this one has
};

struct CheckResult {
  std::string problem;  // empty: everything is as it must be
  uint64_t rows = 0;
  uint64_t tables = 0;
};

// Reads all tables of the data directory of `backend` and compares every cell with what must be there: every durable row and
// every row found before, exactly once; none that was not sent.
CheckResult check_rows(const KillRowsOptions& options, engine::IoBackend& backend, std::vector<SentRows>& senders);

}  // namespace tests
