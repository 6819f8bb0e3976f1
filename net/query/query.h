// A query on its way from an HTTP connection to a reader and its answer on the way back, part by part: at most one part is
// under way, so a slow client holds one part of memory and nothing more.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/ids.h"

namespace net {

class HttpConnection;

// Belongs to the HTTP connection; lent to the reader from `query` to the last `query_part`.
struct Query {
  engine::ShardId http_shard;
  engine::ShardId reader;
  HttpConnection* connection = nullptr;
  std::string text;  // SQL

  // Set by the reader.
  uint16_t status = 200;  // of the answer; known with the first part
  std::string part;       // the next piece of the body
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
