#include "storage/wal/group_write.h"

#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/sabotage.h"
#include "engine/base/verify.h"
#include "engine/io/direct.h"
#include "storage/wal/names.h"

namespace storage {

WalGroupWrite::WalGroupWrite(engine::Reactor& reactor, SyncMethod method, StreamId stream, WalGroupListener& listener)
    : reactor_(reactor), method_(method), stream_(stream), listener_(listener) {
  VERIFY(method != SyncMethod::automatic);
}

void WalGroupWrite::move_to(State next) {
  const auto is_allowed = [this](State to) {
    switch (state_) {
      case State::idle:
        return to == State::writing || to == State::failed;
      case State::writing:
        return to == State::failed || to == (method_ == SyncMethod::dsync ? State::idle : State::syncing);
      case State::syncing:
        return to == State::idle || to == State::failed;
      case State::failed:
        return to == State::failed;
    }
    UNREACHABLE("state of a group's write");
  };
  VERIFY(is_allowed(next));
  state_ = next;
}

void WalGroupWrite::start(WalGroup group, engine::FileId file) {
  move_to(State::writing);
  VERIFY(file != engine::file_none);
  group_ = std::move(group);
  file_ = file;
  engine::verify_direct(group_.bytes_offset(), group_.bytes());
  progress_ = {group_.bytes().size(), engine::OpenMode::read_write_direct};
  submit_write();
}

void WalGroupWrite::submit_write() {
  VERIFY(state_ == State::writing);
  reactor_.submit({.op = method_ == SyncMethod::dsync ? engine::IoOp::write_dsync : engine::IoOp::write,
                   .file = file_,
                   .offset = group_.bytes_offset() + progress_.offset(),
                   .buffer = group_.bytes().subspan(progress_.offset()),
                   .completion = &write_done_});
}

void WalGroupWrite::on_written(const engine::IoResult& result) {
  if (state_ == State::failed) return;
  VERIFY(state_ == State::writing);
  switch (progress_.settle(result.result)) {
    case engine::WriteProgress::Next::again:
      if (engine::sabotaged("short_write_is_whole")) break;
      return submit_write();
    case engine::WriteProgress::Next::failed:
      return fail(progress_.error(), "write");
    case engine::WriteProgress::Next::done:
      break;
  }
  if (method_ == SyncMethod::dsync) return finish();
  move_to(State::syncing);
  reactor_.submit({.op = engine::IoOp::sync_data, .file = file_, .completion = &sync_done_});
}

void WalGroupWrite::on_synced(const engine::IoResult& result) {
  if (state_ == State::failed) return;
  VERIFY(state_ == State::syncing);
  if (result.result < 0 && !engine::sabotaged("log_sync_ignored")) return fail(result.result, "sync");
  finish();
}

void WalGroupWrite::finish() {
  move_to(State::idle);
  const Lsn last = group_.last();
  const size_t size = group_.size();
  group_ = {};  // its memory is free for the next one
  listener_.on_group_durable(last, size);
}

void WalGroupWrite::fail(int32_t result, const char* operation) {
  move_to(State::failed);
  listener_.on_group_failed(
      engine::errno_status(-result, std::string(operation) + ' ' + segment_path(stream_, group_.sequence()) + " at offset " +
                                        std::to_string(group_.bytes_offset()) + ", frames " +
                                        std::to_string(group_.first().value) + " to " + std::to_string(group_.last().value)));
}

}  // namespace storage
