// A reader thread: computes the queries that it has taken in turns, a part or a slice of time each, over snapshots that they
// ask the owners for, with a backend of its own for the files. It never touches a shard's memory. A query whose client does
// not take its answer holds memory but no time. One that computes without a row to show holds the thread, up to its time limit:
// so new queries go to readers that compute nothing (net/query/query_desk.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/shard/loop.h"
#include "engine/shard/mesh.h"
#include "net/query/open_query.h"

namespace net {

class QueryReader final : public engine::Loop, public engine::MeshReceiver {
 public:
  static constexpr engine::Duration slice = engine::milliseconds(10);  // of a query, when others wait

  // Shards 0 .. shard_count - 1 own tables. `limits.spill_max` is this reader's share.
  QueryReader(engine::ShardMesh& mesh, engine::ShardId id, engine::IoBackend& backend, uint16_t shard_count,
              const QueryLimits& limits);

  // Loop.
  void run_once() override;
  engine::IoBackend& backend() override { return room_.backend; }

 private:
  void on_message(engine::ShardId from, const engine::MeshMessage& message) override;
  void on_go_on(const QueryGoOn& go_on);
  void hand_over_wakes();
  OpenQuery* take_runnable();
  void sleep();

  SpillFiles spill_;
  ReaderRoom room_;
  std::vector<std::unique_ptr<OpenQuery>> queries_;  // whose turn comes first is in front
};

}  // namespace net
