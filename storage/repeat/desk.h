// Whether a request comes again. Each shard has a desk; the ones of all shards share the hashes among themselves, so that there
// is one place to ask, wherever a request arrives.
//
//   with a key      claimed at its home before anything is stored: fresh -> it runs -> told stored, or dropped. Another one
//                   with that key finds it running, or stored
//   without a key   what it says is told to all desks when its client may not have learned that it is stored ("in doubt").
//                   Whoever then says the same asks at the home, and the first one uses it up
//
// So a request without a key costs a look into a table that is nearly always empty. One that overtakes the news that its
// predecessor is in doubt is not known: news takes a turn of two shards, and clients wait for 10 ms before they send again.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/shard/shard.h"
#include "storage/repeat/options.h"
#include "storage/repeat/table.h"
#include "storage/route/messages.h"
#include "storage/route/outbox.h"

namespace storage {

class RepeatDesk final : public engine::Service {
 public:
  // Of the shards 0 .. shard_count - 1.
  RepeatDesk(engine::Shard& shard, uint16_t shard_count, const RepeatOptions& options);

  // Start-up: the hashes of this database, and what an earlier start knew.
  void set_seed(uint64_t seed) { seed_ = seed; }
  void restore(const RequestNote& note);

  uint64_t seed() const { return seed_; }

  // Lends `ask` until its waiter is called. With a key that is fresh, tell() follows.
  void ask(RepeatAsk& ask);

  // Somebody said the same, and was perhaps not answered: to be asked.
  bool is_suspect(const engine::Hash128& content);

  // What has become of a request.
  void tell(const RequestNote& note, NoteStep step);

  // Of those that are at home here.
  std::vector<RequestNote> stored_notes();
  uint64_t pushed_out() const { return keys_.pushed_out() + contents_.pushed_out(); }
  bool is_idle() const { return outbox_.is_empty(); }

  const char* name() const override { return "repeat"; }
  bool on_turn(engine::Instant) override { return outbox_.flush(); }
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;

 private:
  engine::ShardId home_of(const engine::Hash128& hash) const {
    return engine::ShardId{static_cast<uint16_t>(hash.low % shard_count_)};
  }
  engine::Instant now() const { return shard_.reactor().now(); }
  void answer(RepeatAsk& ask);
  void take_news(const NoteNews& news);
  void take_news_of_key(const NoteNews& news);
  void take_news_of_content(const NoteNews& news);

  engine::Shard& shard_;
  const uint16_t shard_count_;
  uint64_t seed_ = 0;
  RepeatTable keys_;      // at home here
  RepeatTable contents_;  // likewise: in doubt
  RepeatTable suspects_;  // contents that are at home elsewhere
  Outbox outbox_;         // bounded by connections: each has one request
};

}  // namespace storage
