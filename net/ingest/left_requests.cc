#include "net/ingest/left_requests.h"

#include <utility>

#include "engine/base/verify.h"

namespace net {

void LeftRequests::keep(storage::Transaction& transaction, const storage::RequestNote& note) {
  VERIFY(note.is_set());
  const auto [left, is_new] = left_.emplace(note.request, std::make_unique<Left>(*this, note));
  VERIFY(is_new);
  transaction.set_listener(*left->second);
  if (!note.has_key()) desk_.tell(note, storage::NoteStep::begun);
}

void LeftRequests::settle(storage::RequestNote note, const absl::Status& status) {
  VERIFY_EQ(left_.erase(note.request), 1U);
  desk_.tell(note, status.ok() ? storage::NoteStep::stored : storage::NoteStep::dropped);
}

}  // namespace net
