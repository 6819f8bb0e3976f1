// Answers of GET /exec in QuestDB's JSON shape, written piece by piece while the query runs.
//
//   {"query":"...","columns":[{"name":"s","type":"SYMBOL"},...],"timestamp":1,"dataset":[[...],...],"count":2}
//   {"query":"...","error":"table does not exist [table=nosuch]","position":14}
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "net/sql/engine.h"

namespace net {

inline constexpr size_t exec_chunk_size = 32 * 1024;  // a chunk is sent when it has grown beyond this

enum class ExecStatus : int { ok = 200, bad_query = 400, failed = 500 };

// Where an answer goes. A failed write ends the query.
class ExecReply {
 public:
  virtual ~ExecReply() = default;

  // Once, before the first chunk.
  virtual absl::Status begin(ExecStatus status) = 0;

  // At least one byte; valid until it returns.
  virtual absl::Status write(std::string_view chunk) = 0;

  // After the last chunk. Not called for an answer that broke off: then the connection must not look as if it were whole.
  virtual absl::Status end() = 0;
};

// Runs the query and writes its answer, an error included. Not ok when the answer could not be written to its end: the reply
// failed, or the query did after the first chunk had gone.
absl::Status answer_exec(SqlEngine& engine, std::string_view query, ExecReply& reply);

// Appends `text` in double quotes with JSON's escapes. Bytes that are not UTF-8 become U+FFFD, so that the result always is.
void append_json_text(std::string& target, std::string_view text);

// Appends a cell as a JSON value.
void append_json_cell(std::string& target, const SqlCell& cell);

}  // namespace net
