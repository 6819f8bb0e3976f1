// The answer to a query, written piece by piece while the query runs, in whatever form is wanted. What goes wrong before the
// first part has left is said in JSON, whatever the form (exec_json.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "engine/base/time.h"
#include "net/query/answer_form.h"
#include "net/query/row_range.h"
#include "net/sql/query_run.h"

namespace net {

// A part of an answer is full when it has this size; it is never larger than answer_part_size_max, whatever its row holds.
inline constexpr size_t answer_part_size = size_t{32} * 1024;
inline constexpr size_t answer_part_size_max = size_t{64} * 1024;

// Bytes of all values of a row, as they are stored. Each of them has a limit of its own, and there may be thousands.
inline constexpr size_t answer_row_size_max = size_t{64} * 1024 * 1024;

enum class AnswerStatus : uint16_t { ok = 200, bad_query = 400, failed = 500 };

class QueryAnswer {
 public:
  enum class Progress : uint8_t {
    paused,  // time is up; the part is not full
    part,    // it is, and others follow
    last,    // it is the last one
    broken,  // the query failed behind an earlier part: the answer must not look whole, and the part is not to be sent
  };

  // `run` has begun, and outlives the answer.
  QueryAnswer(QueryRun& run, RowRange rows, const AnswerForm& form);

  // Appends to `part`, which is empty, or as the last call left it when that paused. Goes on until the part is full, and pauses
  // between two rows behind `pause_at`. After `last` or `broken` it is not called again.
  Progress fill(std::string& part, engine::Instant pause_at);

  // Of the answer, known when the first part is full.
  AnswerStatus status() const { return status_; }

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
  std::unique_ptr<AnswerFormat> format_;
  State state_ = State::start;
  AnswerStatus status_ = AnswerStatus::ok;
  std::string head_;  // text that waits for room in a part
  size_t head_written_ = 0;
  uint64_t row_ = 0;         // that was taken last, from 1
  uint64_t row_shown_ = 0;   // that was written last
  size_t cell_ = 0;          // of the row that is written
  size_t cell_written_ = 0;  // bytes of its text
  bool has_left_ = false;    // a part is gone
  bool is_broken_ = false;
};

}  // namespace net
