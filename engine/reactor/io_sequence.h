// File operations planned as data: requests in stages. All requests of a stage run in parallel, bounded in flight; a stage
// starts when the one before has completed. So "write, sync, rename, sync the directory" of any number of files is four stages,
// and no state machine has to be written for it.
//
// Ends with the first error, when everything in flight has completed. Writes go on as all our writes do
// (engine/io/write_progress.h), and what an error means says engine/io/error_policy.h: a directory that is there, a file to
// unlink that is not, and a file system that cannot reserve space are fine; a process short of descriptors or memory tries
// again every shortage_wait, shortage_waits_max times, and ends with resource-exhausted. A failed sync is final.
//
// Reused: a plan takes no memory that an earlier one of its size has not taken.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/status.h"
#include "engine/io/backend.h"
#include "engine/io/write_progress.h"
#include "engine/reactor/reactor.h"

namespace engine {

class IoSequence;

class IoSequenceListener {
 public:
  // The plan is empty again and a new one may be made and run right here.
  virtual void on_sequence_done(const absl::Status& status) = 0;

 protected:
  ~IoSequenceListener() = default;
};

class IoSequence {
 public:
  static constexpr size_t stages_max = 16;
  static constexpr Duration shortage_wait = milliseconds(100);
  static constexpr uint32_t shortage_waits_max = 100;

  IoSequence(Reactor& reactor, uint32_t in_flight_max);
  IoSequence(const IoSequence&) = delete;
  IoSequence& operator=(const IoSequence&) = delete;

  // open, close, write, sync_data, allocate, rename, unlink, mkdir. `request.path` names the file in errors, also where the
  // backend does not need it; of a write, `request.open_mode` says how the file was opened. Paths and buffers outlive the run.
  // Requires idle().
  void add(size_t stage, const IoRequest& request);

  // Requires idle(). Also without any request the listener is called in a later turn, never in here.
  void run(IoSequenceListener& listener);

  bool idle() const { return listener_ == nullptr; }
  bool empty() const { return planned_ == 0; }

 private:
  struct Slot final : IoCompletion {
    explicit Slot(IoSequence& owner_) : owner(owner_) {}
    void complete(const IoResult& result) override { owner.on_result(*this, result.result); }

    IoSequence& owner;
    IoRequest request;
    WriteProgress write;
    uint32_t waits = 0;  // for descriptors or memory
  };

  void on_result(Slot& slot, int32_t result);
  void on_nothing_to_do(Instant now);
  void on_shortage_over(Instant now);
  void wait(Slot& slot, int32_t result);
  void leave(Slot& slot);
  void fail(const IoRequest& request, int32_t result);
  void go_on();
  void submit(Slot& slot);
  void finish();

  Reactor& reactor_;
  MemberTimer<&IoSequence::on_nothing_to_do> empty_timer_;
  MemberTimer<&IoSequence::on_shortage_over> shortage_timer_;
  std::vector<Slot> slots_;
  std::vector<Slot*> slots_free_;
  std::vector<Slot*> slots_waiting_;  // until the shortage is over, in flight meanwhile
  std::array<std::vector<IoRequest>, stages_max> stages_;
  size_t planned_ = 0;  // requests in all stages
  size_t stage_ = 0;    // that runs
  size_t next_ = 0;     // request of it to start next
  absl::Status status_;
  IoSequenceListener* listener_ = nullptr;  // while running
};

}  // namespace engine
