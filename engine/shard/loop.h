// What a thread of a node does again and again until it is stopped: a turn of a shard, of a reader. engine/shard/threads.h runs
// it, the simulator steps it.
#pragma once

#include "engine/io/backend.h"

namespace engine {

class Loop {
 public:
  // One turn. When there is nothing to do it waits in the backend, where a wake ends it.
  virtual void run_once() = 0;

  virtual IoBackend& backend() = 0;

 protected:
  ~Loop() = default;
};

}  // namespace engine
