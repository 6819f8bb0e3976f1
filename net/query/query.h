// A query on its way from a protocol to a reader, and its answer on the way back, part by part: at most one part is under way,
// so a slow client holds one part of memory and nothing more. A reader knows whom to answer by an id, and no connection.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/ids.h"
#include "engine/base/time.h"
#include "net/query/answer_form.h"
#include "net/query/row_range.h"

namespace net {

// Who takes an answer: an endpoint, and a number that means something there.
struct ReplyTo {
  engine::ShardId endpoint;
  uint64_t id = 0;
};

// Belongs to who asks; lent to the reader from `query` to the last `query_part`.
struct Query {
  ReplyTo reply_to;
  std::string text;  // SQL
  RowRange rows;     // that are wanted of the result
  AnswerForm form;
  engine::Duration time_max{INT64_MAX};  // to compute and to be taken; or less, as the reader has it

  engine::ShardId reader;  // that has it

  // Set by the reader.
  uint16_t status = 0;  // of the answer, as HTTP counts; known with the first part
  std::string part;     // the next piece of the body
  bool is_last = false;
  bool is_broken = false;  // with is_last: the answer ends in the middle, and must not look whole
};

// To the reader.
struct QueryGoOn {
  Query* query = nullptr;
  bool part_taken = false;  // query.part is the reader's again
  bool cancelled = false;   // the client is gone: end the query, and answer with a last part
};

}  // namespace net
