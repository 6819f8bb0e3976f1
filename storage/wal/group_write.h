// One sealed group on its way to the disk:
//
//   idle -> writing -> (syncing) -> idle, durable            any of them -> failed, for good
//
// Only the exact byte count of the write, and after it the success of the sync, make a group durable. How a write goes on is
// said in engine/io/write_progress.h; a failed sync is never repeated.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"
#include "engine/io/write_progress.h"
#include "engine/reactor/reactor.h"
#include "storage/wal/group.h"
#include "storage/wal/sync.h"

namespace storage {

// Called in a turn of their own.
class WalGroupListener {
 public:
  virtual void on_group_durable(Lsn last, size_t size) = 0;
  virtual void on_group_failed(const absl::Status& status) = 0;

 protected:
  ~WalGroupListener() = default;
};

class WalGroupWrite {
 public:
  WalGroupWrite(engine::Reactor& reactor, SyncMethod method, StreamId stream, WalGroupListener& listener);

  bool is_idle() const { return state_ == State::idle; }
  bool is_running() const { return state_ == State::writing || state_ == State::syncing; }
  SyncMethod sync_method() const { return method_; }

  // Needs is_idle(); the group is sealed.
  void start(WalGroup group, engine::FileId file);

  // The group at hand; none when idle.
  const WalGroup& group() const { return group_; }

  // What comes back is not listened to any more.
  void abandon() { move_to(State::failed); }

 private:
  enum class State : uint8_t { idle, writing, syncing, failed };

  void move_to(State next);
  void submit_write();
  void on_written(const engine::IoResult& result);
  void on_synced(const engine::IoResult& result);
  void finish();
  void fail(int32_t result, const char* operation);

  engine::Reactor& reactor_;
  const SyncMethod method_;
  const StreamId stream_;
  WalGroupListener& listener_;
  State state_ = State::idle;
  WalGroup group_;
  engine::FileId file_ = engine::file_none;
  engine::WriteProgress progress_;
  engine::MemberCompletion<&WalGroupWrite::on_written> write_done_{*this};
  engine::MemberCompletion<&WalGroupWrite::on_synced> sync_done_{*this};
};

}  // namespace storage
