#include "tests/storage/wal_stream.h"

#include "engine/base/crc32c.h"
#include "engine/base/prng.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"
#include "storage/wal/names.h"

namespace tests {

StoredFrame make_frame(uint64_t number, size_t head_size, size_t body_size) {
  engine::Prng prng(number);
  StoredFrame frame{.type = storage::FrameType::data,
                    .lane = {storage::TableId{static_cast<uint32_t>(number)}, storage::LaneNumber{3}},
                    .txn = storage::Txn{number * 10},
                    .lsn = {},
                    .head = std::vector<std::byte>(head_size),
                    .body = std::vector<std::byte>(body_size)};
  for (std::byte& byte : frame.head) byte = static_cast<std::byte>(prng.next());
  for (std::byte& byte : frame.body) byte = static_cast<std::byte>(prng.next());
  return frame;
}

storage::WalOptions WalStream::small_options() {
  return {.segment_size = segment_size,
          .size_max = 8 * segment_size,
          .group_size_max = 8 * 1024,
          .segments_ready = 1,
          .sync_method = storage::SyncMethod::dsync};
}

storage::Database WalStream::database() {
  storage::Database database{.wal_salt = 0x0123456789abcdef, .epoch = 1};
  for (size_t i = 0; i < database.id.size(); ++i) database.id[i] = static_cast<std::byte>(i);
  return database;
}

WalStream::WalStream(const storage::WalOptions& options, const sim::WorldOptions& world) : machine_(world) {
  machine_.world.set_auto_advance(true);
  reactor_ = std::make_unique<engine::Reactor>(machine_.backend());
  absl::StatusOr<std::unique_ptr<storage::WalWriter>> writer =
      storage::WalWriter::open(*reactor_, options, database(), engine::ShardId{0});
  VERIFY(writer.ok());
  writer_ = *std::move(writer);
  writer_->set_listener(this);
}

WalStream::~WalStream() { settle(); }

void WalStream::append(const StoredFrame& frame) {
  const storage::WalFrame view{.type = frame.type,
                               .lane = frame.lane,
                               .txn = frame.txn,
                               .head = frame.head,
                               .body = frame.body,
                               .body_crc = engine::crc32c(frame.body),
                               .attachments = frame.attachments,
                               .attachments_must_be_known = frame.attachments_must_be_known};
  for (int turns = 0; failures_.empty() && !writer_->has_room(view.stored_size()); ++turns) {
    VERIFY_LT(turns, 10'000);
    turn();
  }
  if (!failures_.empty()) return;
  written_.push_back(frame);
  written_.back().lsn = writer_->append(view);
}

void WalStream::turn() {
  writer_->flush();
  reactor_->turn(machine_.world.now() + engine::milliseconds(1));
}

void WalStream::settle() {
  while (writer_ != nullptr && failures_.empty() && !writer_->idle()) turn();
}

void WalStream::end() {
  settle();
  writer_.reset();
  reactor_.reset();
  machine_.power_cycle();
}

storage::WalStreamFiles WalStream::files() {
  storage::Database later = database();
  later.epoch = 2;
  const absl::StatusOr<storage::WalInventory> inventory = storage::list_streams(machine_.backend(), later);
  VERIFY(inventory.ok());
  VERIFY_EQ(inventory->streams.size(), 1U);
  return inventory->streams.front();
}

ReadStream WalStream::read() {
  storage::WalReader reader(machine_.backend(), database(), files());
  ReadStream read;
  for (;;) {
    const absl::StatusOr<std::optional<storage::WalFrame>> frame = reader.next();
    read.status = frame.status();
    if (!frame.ok() || !frame->has_value()) break;
    const storage::WalFrame& found = **frame;
    read.frames.push_back({.type = found.type,
                           .lane = found.lane,
                           .txn = found.txn,
                           .lsn = found.lsn,
                           .head = {found.head.begin(), found.head.end()},
                           .body = {found.body.begin(), found.body.end()},
                           .attachments = {found.attachments.begin(), found.attachments.end()},
                           .attachments_must_be_known = found.attachments_must_be_known});
  }
  read.damage = reader.damage();
  read.counts = reader.counts();
  return read;
}

void WalStream::overwrite(const std::string& path, uint64_t offset, std::span<const std::byte> bytes) {
  absl::StatusOr<engine::BlockingFile> file =
      engine::BlockingFile::open(machine_.backend(), path, engine::OpenMode::read_write);
  VERIFY(file.ok());
  VERIFY(file->write(offset, bytes).ok());
  VERIFY(file->sync_data().ok());
}

}  // namespace tests
