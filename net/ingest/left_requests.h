// Requests whose clients went away before they were answered, and which go on to their commit: whether they are stored is told
// to the repeat desk, so that who sends them again is answered rightly.
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "storage/repeat/desk.h"
#include "storage/source/transaction.h"

namespace net {

class LeftRequests {
 public:
  explicit LeftRequests(storage::RepeatDesk& desk) : desk_(desk) {}

  // It is finished, and not settled.
  void keep(storage::Transaction& transaction, const storage::RequestNote& note);

  bool empty() const { return left_.empty(); }

 private:
  struct Left final : storage::TransactionListener {
    Left(LeftRequests& requests_, const storage::RequestNote& note_) : requests(requests_), note(note_) {}
    void on_settled(const absl::Status& status) override { requests.settle(note, status); }

    LeftRequests& requests;
    const storage::RequestNote note;
  };

  void settle(storage::RequestNote note, const absl::Status& status);

  storage::RepeatDesk& desk_;
  absl::flat_hash_map<storage::RequestId, std::unique_ptr<Left>> left_;  // each has a transaction of the source
};

}  // namespace net
