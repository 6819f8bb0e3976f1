// One shard's write-ahead log on a simulated disk, with an oracle that knows every frame ever appended and every one reported
// durable: what the tests of crashes and damage, and the search for planted bugs, drive.
//
// A start is what the server does: superblock, replay of what earlier starts left, release, a new stream that takes over the
// old segments. Each replay is judged; what is wrong is added to violations().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/prng.h"
#include "engine/reactor/reactor.h"
#include "storage/wal/streams.h"
#include "storage/wal/writer.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_world.h"

namespace tests {

struct WalNodeOptions {
  sim::WorldOptions world;
  storage::WalOptions wal{.segment_size = 16 * 1024,
                          .size_max = 6 * 16 * 1024,
                          .group_size_max = 8 * 1024,
                          .segments_ready = 1,
                          .sync_method = storage::SyncMethod::dsync};
};

// What happened at least once; a search that reaches none of one kind shows nothing about it.
struct WalNodeCounts {
  uint64_t starts = 0;
  uint64_t frames_durable = 0;
  uint64_t frames_replayed = 0;
  uint64_t tails_torn = 0;
  uint64_t segments_rolled = 0;
  uint64_t segments_recycled = 0;
  uint64_t segments_reused = 0;  // by a later start
  uint64_t large_frames = 0;

  WalNodeCounts& operator+=(const WalNodeCounts& other);
};

class WalNode final : private storage::WalListener {
 public:
  explicit WalNode(const WalNodeOptions& options);
  ~WalNode();

  // Replays and judges what is there, then opens a stream. Not ok: an outage came, or a violation, or the status of the failed
  // step.
  absl::Status start();

  // Appends frames, ends turns, waits for durable and releases, as the seed says. Returns early in an outage or after a
  // failure.
  void work(uint32_t steps);

  // The frame with this LSN of this stream, always the same.
  struct Content {
    storage::WalFrame frame;
    std::vector<std::byte> head;
    std::vector<std::byte> body;
  };

  // Appends one frame whose body has `body_size` bytes. False: no room.
  bool append(size_t body_size);
  // Ends the turn, and waits until all appended is durable or the stream failed.
  void settle();
  void release(storage::Lsn lsn);

  // The power fails, if it has not, and comes back. What survives is the seed's choice.
  void power_cycle();
  // The same after the process only was killed.
  void kill_and_restart();

  sim::SimWorld& world() { return world_; }
  sim::SimBackend& backend() { return *backend_; }
  storage::WalWriter& writer() { return *writer_; }
  const storage::Database& database() const { return database_; }
  const absl::Status& failure() const { return failure_; }
  bool stopped() const { return world_.outage() != sim::Outage::none || !failure_.ok(); }
  const std::vector<std::string>& violations() const { return violations_; }
  const WalNodeCounts& counts() const { return counts_; }

  // Reads a stream and compares with what was appended. The status is the reader's.
  absl::Status replay(const storage::WalStreamFiles& files, storage::WalReadCounts& counts);
  // Damage of durable bytes is to be expected: frames that are missing are judged by the caller.
  void expect_damage() { damage_expected_ = true; }
  storage::Lsn replayed_last() const { return replayed_last_; }

 private:
  // What is known of one stream.
  struct Stream {
    uint64_t seed = 0;
    std::vector<size_t> body_sizes;  // of the frame with LSN index + 1
    storage::Lsn durable;
    storage::Lsn released;
    storage::Lsn replayed;  // by the first complete replay; every later one must say the same
    bool was_replayed = false;
    bool was_released = false;
  };

  void on_durable(storage::Lsn lsn) override;
  void on_failed(const absl::Status& status) override;
  Content content(const Stream& stream, storage::Lsn lsn) const;
  void judge_frame(const std::string& name, const Stream& stream, const storage::WalFrame& frame);
  void judge_end(const std::string& name, Stream& stream, storage::Lsn last);
  void violate(const std::string& text) { violations_.push_back(text); }
  void turn();
  void stop();

  WalNodeOptions options_;
  sim::SimWorld world_;
  engine::Prng prng_;
  std::unique_ptr<sim::SimBackend> backend_;
  std::unique_ptr<engine::Reactor> reactor_;
  std::unique_ptr<storage::WalWriter> writer_;
  storage::Database database_;
  absl::Status failure_;
  std::map<uint64_t, Stream> streams_;  // by StreamId
  Stream* stream_ = nullptr;            // being written
  std::vector<std::string> violations_;
  WalNodeCounts counts_;
  bool damage_expected_ = false;
  storage::Lsn replayed_last_;
};

struct WalLives {
  WalNodeCounts counts;
  std::vector<std::string> violations;
};

// A node of sizes and faults by seed, through lives that end by a power cut, a kill or a failing disk, wherever that may be,
// also while starting; then one start on a good disk.
WalLives live_wal_node(uint64_t seed);

}  // namespace tests
