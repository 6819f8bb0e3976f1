#include "storage/files/rounds.h"

#include <algorithm>
#include <new>
#include <utility>

#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/blocking.h"

namespace storage {

using engine::block_size;
using engine::IoOp;
using engine::OpenMode;

IoRound::IoRound(engine::Reactor& reactor, FileCache& files, const RoundOptions& options)
    : reactor_(reactor),
      files_(files),
      options_(options),
      plan_(reactor, options.in_flight_max),
      memory_size_(options.round_size_max),
      memory_(allocate(memory_size_)),
      files_share_(files.files_max() / options.rounds_max) {
  VERIFY_EQ(memory_size_ % block_size, 0U);
  VERIFY_GE(memory_size_, 16 * block_size);
  VERIFY_GE(files_share_, 4U);
  pinned_.reserve(files_share_);
}

IoRound::AlignedMemory IoRound::allocate(size_t size) {
  return AlignedMemory(static_cast<std::byte*>(::operator new[](size, std::align_val_t{block_size})));
}

std::span<std::byte> IoRound::take(size_t size) {
  const size_t taken = engine::align_up(size, block_size);
  if (taken > memory_left()) {
    VERIFY(oversize_ == nullptr);
    oversize_ = allocate(taken);
    return {oversize_.get(), taken};
  }
  const std::span<std::byte> memory{memory_.get() + taken_, taken};
  taken_ += taken;
  VERIFY_LE(taken_, memory_size_);
  return memory;
}

engine::FileId IoRound::pin(CachedFile& file, const char* path) {
  VERIFY_GT(files_left(), 0U);
  pinned_.push_back(&file);
  return files_.pin(file, path, OpenMode::read_write_direct, plan_, static_cast<size_t>(Stage::close),
                    static_cast<size_t>(Stage::open));
}

void IoRound::sync_directory(const std::string& path) {
  VERIFY_GT(files_left(), 0U);
  ++files_passing_;
  const char* const name = keep(path);
  const engine::FileId directory = reactor_.backend().reserve_file();
  add(Stage::open, {.op = IoOp::open, .open_mode = OpenMode::directory, .file = directory, .path = name});
  add(Stage::sync, {.op = IoOp::sync_data, .file = directory, .path = name});
  add(Stage::close_directory, {.op = IoOp::close, .file = directory, .path = name});
}

void IoRound::replace(const std::string& path, std::vector<std::byte> bytes) {
  const auto add_at = [this](ReplaceStage stage, const engine::IoRequest& request) {
    plan_.add(static_cast<size_t>(stage), request);
  };
  VERIFY(plan_.empty() || replaces_);
  VERIFY(!bytes.empty());
  VERIFY_GT(files_left(), 0U);
  replaces_ = true;
  ++files_passing_;
  const char* const name = keep(path);
  const char* const temporary = keep(path + ".tmp");
  const char* const directory_name = keep(engine::parent_directory(path));
  const std::vector<std::byte>& content = kept_bytes_.emplace_back(std::move(bytes));
  const engine::FileId file = reactor_.backend().reserve_file();
  const engine::FileId directory = reactor_.backend().reserve_file();
  add_at(ReplaceStage::unlink, {.op = IoOp::unlink, .path = temporary});  // one that a crash left may be longer
  add_at(ReplaceStage::open, {.op = IoOp::open, .open_mode = OpenMode::read_write, .file = file, .path = temporary});
  add_at(ReplaceStage::write, {.op = IoOp::write,
                               .open_mode = OpenMode::read_write,
                               .file = file,
                               .buffer = {const_cast<std::byte*>(content.data()), content.size()},  // a write only reads it
                               .path = temporary});
  if (!engine::sabotaged("manifest_not_synced")) {
    add_at(ReplaceStage::sync, {.op = IoOp::sync_data, .file = file, .path = temporary});
  }
  add_at(ReplaceStage::close, {.op = IoOp::close, .file = file, .path = temporary});
  add_at(ReplaceStage::rename, {.op = IoOp::rename, .path = temporary, .path_target = name});
  add_at(ReplaceStage::open_directory,
         {.op = IoOp::open, .open_mode = OpenMode::directory, .file = directory, .path = directory_name});
  if (!engine::sabotaged("manifest_name_not_synced")) {
    add_at(ReplaceStage::sync_directory, {.op = IoOp::sync_data, .file = directory, .path = directory_name});
  }
  add_at(ReplaceStage::close_directory, {.op = IoOp::close, .file = directory, .path = directory_name});
}

void IoRound::run(RoundListener& listener) {
  VERIFY(listener_ == nullptr);
  listener_ = &listener;
  plan_.run(*this);
}

void IoRound::on_sequence_done(const absl::Status& status) {
  VERIFY(listener_ != nullptr);
  for (CachedFile* file : pinned_) files_.unpin(*file);
  pinned_.clear();
  files_passing_ = 0;
  replaces_ = false;
  taken_ = 0;
  oversize_.reset();
  kept_.clear();
  kept_bytes_.clear();
  std::exchange(listener_, nullptr)->on_round_done(status);
}

Rounds::Rounds(engine::Reactor& reactor, const RoundOptions& options) : reactor_(reactor), files_(reactor, options.files_max) {
  VERIFY_GT(options.rounds_max, 0U);
  for (uint32_t i = 0; i < options.rounds_max; ++i) {
    rounds_.push_back(std::make_unique<IoRound>(reactor, files_, options));
    free_.push_back(rounds_.back().get());
  }
}

void Rounds::acquire(RoundWaiter& waiter) {
  VERIFY(free_.empty() || waiting_.empty());
  if (free_.empty()) {
    waiting_.push_back(&waiter);
    return;
  }
  IoRound& round = *free_.back();
  free_.pop_back();
  waiter.on_round_free(round);
}

void Rounds::give_back(IoRound& round) {
  VERIFY(round.empty());
  VERIFY_LT(free_.size(), rounds_.size());
  VERIFY_DEBUG(std::ranges::find(free_, &round) == free_.end());
  if (waiting_.empty()) {
    free_.push_back(&round);
    return;
  }
  RoundWaiter* const waiter = waiting_.front();
  waiting_.pop_front();
  waiter->on_round_free(round);
}

}  // namespace storage
