// A directory that gets files and directories of its own, and whether their names are durable:
//
//   absent -> synced <-> changed
//
// Pure: whoever plans the operations says here what they will have done.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "engine/base/verify.h"

namespace storage {

class GrowingDirectory {
 public:
  explicit GrowingDirectory(std::string path = {}) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  bool is_made() const { return state_ != State::absent; }

  // It is there, and holds no name that a sync is owed. Once.
  void set_made() {
    VERIFY(state_ == State::absent);
    state_ = State::synced;
  }

  // A name in it is new, or nobody knows whether it is durable.
  void add_name() {
    VERIFY(is_made());
    state_ = State::changed;
  }

  // True: it is to be synced, which the caller does.
  [[nodiscard]] bool take_changed() {
    if (state_ != State::changed) return false;
    state_ = State::synced;
    return true;
  }

 private:
  enum class State : uint8_t { absent, synced, changed };

  std::string path_;
  State state_ = State::absent;
};

}  // namespace storage
