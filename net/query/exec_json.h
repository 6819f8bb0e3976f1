// Answers of GET /exec in QuestDB's JSON shape, written piece by piece while the query runs.
//
//   {"query":"...","columns":[{"name":"s","type":"SYMBOL"},...],"timestamp":1,"dataset":[[...],...],"count":2}
//   {"query":"...","error":"table does not exist [table=nosuch]","position":14}
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "net/query/row_range.h"
#include "net/sql/query_run.h"

namespace net {

// A part of an answer is full when it has this size; it is never larger than exec_part_size_max, whatever its row holds.
inline constexpr size_t exec_part_size = size_t{32} * 1024;
inline constexpr size_t exec_part_size_max = size_t{64} * 1024;

// Bytes of all values of a row, as they are stored. Each of them has a limit of its own, and there may be thousands.
inline constexpr size_t exec_row_size_max = size_t{64} * 1024 * 1024;

enum class ExecStatus : uint16_t { ok = 200, bad_query = 400, failed = 500 };

class ExecAnswer {
 public:
  enum class Progress : uint8_t {
    paused,  // time is up; the part is not full
    part,    // it is, and others follow
    last,    // it is the last one
    broken,  // the query failed behind an earlier part: the answer must not look whole, and the part is not to be sent
  };

  // `run` has begun, and outlives the answer.
  ExecAnswer(QueryRun& run, RowRange rows);

  // Appends to `part`, which is empty, or as the last call left it when that paused. Goes on until the part is full, and pauses
  // between two rows behind `pause_at`. After `last` or `broken` it is not called again.
  Progress fill(std::string& part, engine::Instant pause_at);

  // Of the answer, known when the first part is full.
  ExecStatus status() const { return status_; }

 private:
  enum class State : uint8_t { start, rows, cells, end };

  void begin(std::string& part);
  void take_row(std::string& part);
  void write_cells(std::string& part);
  bool write_cell(std::string& part, const SqlCell& cell);
  void write_end();
  void fail(std::string& part, const absl::Status& status);
  void drain_head(std::string& part);

  QueryRun& run_;
  RowRange rows_;
  State state_ = State::start;
  ExecStatus status_ = ExecStatus::ok;
  std::string head_;  // text that waits for room in a part
  size_t head_written_ = 0;
  uint64_t row_ = 0;         // that was taken last, from 1
  uint64_t row_shown_ = 0;   // that was written last
  size_t cell_ = 0;          // of the row that is written
  size_t cell_written_ = 0;  // bytes of its text
  bool has_left_ = false;    // a part is gone
  bool is_broken_ = false;
};

// Appends `text` in double quotes with JSON's escapes. Bytes that are not UTF-8 become U+FFFD, so that the result always is.
void append_json_text(std::string& target, std::string_view text);

// What is answered to a statement that fails; `position` in UTF-16 code units, as QuestDB counts characters.
std::string make_error_json(std::string_view query, std::string_view error, size_t position);

// Appends a cell as a JSON value.
void append_json_cell(std::string& target, const SqlCell& cell);

}  // namespace net
