#include "net/ingest/received_bytes.h"

#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/verify.h"

namespace net {

void ReceivedBytes::take(const engine::IoResult& result) {
  VERIFY(!is_in_buffer() && rest_.empty());
  buffer_ = result.buffer;
  if (is_in_buffer()) room_.on_buffer_taken();
  if (result.result > 0) rest_ = engine::as_text(result.data);
}

void ReceivedBytes::keep_apart() {
  VERIFY(is_in_buffer());
  std::string copy(rest_);
  release();
  copy_ = std::move(copy);
  rest_ = copy_;
  room_.set_held(copy_size_, copy_.capacity());
}

void ReceivedBytes::release() {
  rest_ = {};
  std::string().swap(copy_);
  room_.set_held(copy_size_, 0);
  if (!is_in_buffer()) return;
  backend_.release_buffer(buffer_);
  room_.on_buffer_released();
  buffer_ = engine::buffer_none;
}

}  // namespace net
