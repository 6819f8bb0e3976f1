// Reads durable frames of the stream that is being written back, beside the shard's other work: some neighbours in a segment at
// a time.
//
//   idle -> reading -> idle, told to the listener            reading -> failed, for good
//
// Memory: size_max and two blocks, or one frame that is larger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/buffer_pool.h"
#include "engine/reactor/reactor.h"
#include "storage/wal/frame_bytes.h"

namespace storage {

// Called in a turn of their own.
class WalFrameReadListener {
 public:
  // In the order of their places; gone when this returns, and the next read can be started.
  virtual void on_frames_read(std::span<const WalFrame> frames) = 0;
  // data-loss: a checksum fails, of bytes that were durable; others: the disk could not be read. Both say where.
  virtual void on_frames_failed(const absl::Status& status) = 0;

 protected:
  ~WalFrameReadListener() = default;
};

class WalFrameRead {
 public:
  static constexpr size_t size_max = size_t{256} << 10;  // of one read
  static constexpr size_t gap_max = size_t{64} << 10;    // bytes between two frames that are read for nothing
  static constexpr uint32_t tries_max = 8;               // without progress

  WalFrameRead(engine::Reactor& reactor, WalFrameReadListener& listener) : reactor_(reactor), listener_(listener) {}
  WalFrameRead(const WalFrameRead&) = delete;
  WalFrameRead& operator=(const WalFrameRead&) = delete;

  bool is_idle() const { return state_ == State::idle; }

  // How many of the first ones, which ascend, are read at once: one at least.
  static size_t count_of(std::span<const WalFramePlace> places);

  // Needs is_idle(), and places of which count_of() is all. `file` is their segment, of the stream and database of `origin`.
  void start(const WalPlace& origin, engine::FileId file, const std::string& path, std::span<const WalFramePlace> places);

 private:
  enum class State : uint8_t { idle, reading, failed };

  void submit();
  void on_read(const engine::IoResult& result);
  void finish();
  void fail(const absl::Status& status);
  std::string place_text(const WalFramePlace& place) const;

  engine::Reactor& reactor_;
  WalFrameReadListener& listener_;
  State state_ = State::idle;
  WalPlace origin_;
  engine::FileId file_ = engine::file_none;
  std::string path_;
  std::vector<WalFramePlace> places_;
  std::vector<WalFrame> frames_;
  std::optional<engine::BufferPool> memory_;
  engine::PooledBuffer buffer_;
  uint64_t start_ = 0;  // in the segment, of the buffer
  size_t size_ = 0;     // to read
  size_t done_ = 0;
  uint32_t tries_ = 0;
  engine::MemberCompletion<&WalFrameRead::on_read> read_done_{*this};
};

}  // namespace storage
