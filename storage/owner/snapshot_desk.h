// Answers those who read: with what is applied, or, to a fresh ask, with everything that was durable when it came.
#pragma once

#include <map>

#include "storage/owner/lanes.h"
#include "storage/route/messages.h"

namespace storage {

class SnapshotDeskListener {
 public:
  // The ask has its tables.
  virtual void on_answered(SnapshotAsk& ask) = 0;

 protected:
  ~SnapshotDeskListener() = default;
};

class SnapshotDesk {
 public:
  SnapshotDesk(Lanes& lanes, SnapshotDeskListener& listener) : lanes_(lanes), listener_(listener) {}

  // May answer at once.
  void ask(SnapshotAsk& ask);

  void on_applied(const Lane& lane);

 private:
  struct Waiting {
    SnapshotAsk* ask = nullptr;
    Txn target;  // is to be applied first
  };

  void answer(SnapshotAsk& ask);

  Lanes& lanes_;
  SnapshotDeskListener& listener_;
  std::multimap<LaneId, Waiting> waiting_;
};

}  // namespace storage
