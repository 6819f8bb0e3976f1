#include "storage/wal/frame_read.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"
#include "engine/io/error_policy.h"

namespace storage {

using engine::block_size;

namespace {

constexpr size_t usual_size = WalFrameRead::size_max + 2 * block_size;

}  // namespace

size_t WalFrameRead::count_of(std::span<const WalFramePlace> places) {
  VERIFY(!places.empty());
  const uint64_t start = places.front().offset;
  size_t count = 1;
  for (; count < places.size(); ++count) {
    const WalFramePlace& before = places[count - 1];
    const WalFramePlace& next = places[count];
    if (next.sequence != before.sequence) break;
    const uint64_t gap_start = uint64_t{before.offset} + before.size;
    VERIFY_LE(gap_start, next.offset);
    if (next.offset - gap_start > gap_max || uint64_t{next.offset} + next.size - start > size_max) break;
  }
  return count;
}

void WalFrameRead::start(const WalPlace& origin, engine::FileId file, const std::string& path,
                         std::span<const WalFramePlace> places) {
  VERIFY(is_idle());
  VERIFY_EQ(count_of(places), places.size());
  state_ = State::reading;
  origin_ = origin;
  origin_.sequence = places.front().sequence;
  file_ = file;
  path_ = path;
  places_.assign(places.begin(), places.end());
  start_ = engine::align_down(uint64_t{places.front().offset}, block_size);
  size_ = static_cast<size_t>(engine::align_up(uint64_t{places.back().offset} + places.back().size, block_size) - start_);
  if (!memory_ || memory_->buffer_size() < size_) {
    memory_.emplace(engine::BufferPool::Options{.buffer_count_max = 1, .buffer_size = std::max(size_, usual_size)});
  }
  buffer_ = memory_->acquire();
  done_ = 0;
  tries_ = 0;
  submit();
}

void WalFrameRead::submit() {
  VERIFY_LT(done_, size_);
  reactor_.submit({.op = engine::IoOp::read,
                   .file = file_,
                   .offset = start_ + done_,
                   .buffer = buffer_.bytes().subspan(done_, size_ - done_),
                   .completion = &read_done_});
}

// What is cut off is read again from the block in which it stopped, since the file is read past the page cache.
void WalFrameRead::on_read(const engine::IoResult& result) {
  VERIFY(state_ == State::reading);
  if (result.result < 0) {
    const bool may_pass = engine::error_policy(engine::IoOp::read, result.result) == engine::ErrorPolicy::again;
    if (may_pass && ++tries_ < tries_max) return submit();
    return fail(engine::errno_status(-result.result, "read " + place_text(places_.front())));
  }
  const size_t before = done_;
  const size_t end = done_ + static_cast<size_t>(result.result);
  VERIFY_LE(end, size_);
  done_ = end == size_ ? end : engine::align_down(end, block_size);
  tries_ = done_ == before ? tries_ + 1 : 0;
  if (done_ == size_) return finish();
  if (tries_ < tries_max) return submit();
  fail(engine::data_loss("read " + place_text(places_.front()) + ": expected " + std::to_string(size_) + " bytes, found " +
                         std::to_string(end)));
}

void WalFrameRead::finish() {
  frames_.clear();
  for (const WalFramePlace& place : places_) {
    origin_.offset = place.offset;
    const std::span<const std::byte> bytes = buffer_.bytes().subspan(static_cast<size_t>(place.offset - start_), place.size);
    const std::optional<WalFrame> frame = whole_frame(origin_, bytes);
    if (!frame) return fail(engine::data_loss(place_text(place) + ": a frame that was durable is damaged"));
    frames_.push_back(*frame);
  }
  listener_.on_frames_read(frames_);
  frames_.clear();
  buffer_.reset();
  if (memory_->buffer_size() > usual_size) memory_.reset();
  state_ = State::idle;
}

void WalFrameRead::fail(const absl::Status& status) {
  state_ = State::failed;
  listener_.on_frames_failed(status);
}

std::string WalFrameRead::place_text(const WalFramePlace& place) const {
  return path_ + " at offset " + std::to_string(place.offset);
}

}  // namespace storage
