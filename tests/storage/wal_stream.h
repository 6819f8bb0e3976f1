// A stream on a simulated disk for tests of its bytes: written frame by frame, read back, changed on purpose.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/reactor/reactor.h"
#include "storage/wal/streams.h"
#include "storage/wal/writer.h"
#include "tests/sim/sim_machine.h"

namespace tests {

// A frame with bytes of its own.
struct StoredFrame {
  storage::FrameType type{};
  storage::LaneId lane;
  storage::Txn txn;
  storage::Lsn lsn;
  std::vector<std::byte> head;
  std::vector<std::byte> body;
  std::vector<std::byte> attachments{};
  bool attachments_must_be_known = false;

  friend bool operator==(const StoredFrame&, const StoredFrame&) = default;
};

// What a WalReader gives until it ends.
struct ReadStream {
  std::vector<StoredFrame> frames;
  absl::Status status;
  std::optional<storage::WalDamage> damage;
  storage::WalReadCounts counts;
};

// Frame `number` of a test: contents by number, sizes as asked.
StoredFrame make_frame(uint64_t number, size_t head_size, size_t body_size);

class WalStream final : private storage::WalListener {
 public:
  static constexpr uint64_t segment_size = 16 * 1024;

  // Small segments, so that a few groups fill one.
  static storage::WalOptions small_options();

  explicit WalStream(const storage::WalOptions& options = small_options(), const sim::WorldOptions& world = {.seed = 1});
  ~WalStream();

  // One group of frames. Appended and flushed; settle waits until it is durable, or the stream failed.
  void append(const StoredFrame& frame);
  void settle();
  void turn();

  // The power fails when nothing is in flight, and comes back: from now on the stream is only read.
  void end();
  ReadStream read();
  storage::WalStreamFiles files();

  // Changes `path` by overwriting bytes.
  void overwrite(const std::string& path, uint64_t offset, std::span<const std::byte> bytes);

  sim::SimMachine& machine() { return machine_; }
  storage::WalWriter& writer() { return *writer_; }
  storage::StreamId stream() const { return storage::StreamId{1 << 16}; }
  static storage::Database database();
  const std::vector<StoredFrame>& written() const { return written_; }
  storage::Lsn durable() const { return durable_; }
  const std::vector<absl::Status>& failures() const { return failures_; }

 private:
  void on_durable(storage::Lsn lsn) override { durable_ = lsn; }
  void on_failed(const absl::Status& status) override { failures_.push_back(status); }

  sim::SimMachine machine_;
  std::unique_ptr<engine::Reactor> reactor_;
  std::unique_ptr<storage::WalWriter> writer_;
  std::vector<StoredFrame> written_;
  storage::Lsn durable_;
  std::vector<absl::Status> failures_;
};

}  // namespace tests
