// What is kept of a request that has committed, so that it is known when it comes again: because its client gave it a key, or
// because nobody knows whether its client was answered.
#pragma once

#include "engine/base/hash_128.h"
#include "engine/base/time.h"
#include "storage/schema/ids.h"

namespace storage {

struct RequestNote {
  engine::Hash128 key;      // of the client's key; zero: it has none
  engine::Hash128 content;  // of all that it said
  RequestId request;        // number 0: there is no note

  bool has_key() const { return key != engine::Hash128{}; }
  bool is_set() const { return request.number != 0; }
};

// By the clock of the start that wrote it, which no later start goes on with.
struct DatedNote {
  RequestNote note;
  engine::Instant time;
};

}  // namespace storage
