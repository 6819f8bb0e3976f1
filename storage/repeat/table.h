// Requests by a hash, their key's or that of what they say: which ones run, and which ones are stored. Those that are stored go
// when their time is over, and the oldest one when there are too many. Pure memory; knows no time but what it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/time.h"
#include "storage/schema/request_note.h"

namespace storage {

class RepeatTable {
 public:
  enum class Verdict : uint8_t { fresh, running, stored };

  struct Found {
    Verdict verdict = Verdict::fresh;
    RequestNote note{};  // of the oldest one that is stored
  };

  RepeatTable(size_t stored_max, engine::Duration time) : stored_max_(stored_max), time_(time) {}

  // One that is stored comes before one that runs.
  Found find(const engine::Hash128& hash, engine::Instant now);

  void begin(const engine::Hash128& hash) { ++entries_[hash].running; }
  void end(const engine::Hash128& hash);
  void store(const engine::Hash128& hash, const RequestNote& note, engine::Instant now);
  // The oldest one that is stored, if any, is used up.
  void take(const engine::Hash128& hash);

  // All that are stored, oldest first.
  std::vector<RequestNote> stored(engine::Instant now);
  size_t size() const { return stored_.size(); }
  uint64_t pushed_out() const { return pushed_out_; }  // before their time

 private:
  struct Entry {
    uint32_t running = 0;
    std::deque<uint64_t> stored{};  // numbers, oldest first
  };

  struct Stored {
    engine::Hash128 hash;
    RequestNote note;
    engine::Instant since;
  };

  void expire(engine::Instant now);
  void remove(std::map<uint64_t, Stored>::iterator stored);

  const size_t stored_max_;
  const engine::Duration time_;
  absl::flat_hash_map<engine::Hash128, Entry> entries_;  // of those that run there are as many as requests
  std::map<uint64_t, Stored> stored_;                    // by a number that grows with `since`
  uint64_t next_ = 1;
  uint64_t pushed_out_ = 0;
};

}  // namespace storage
