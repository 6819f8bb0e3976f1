// What runs on a shard: net's connections and storage's tables are services, and the engine knows no more of them than this.
#pragma once

#include "engine/base/time.h"
#include "engine/shard/mesh.h"

namespace engine {

class Service : public MeshReceiver {
 public:
  // For counters and logs; a literal.
  virtual const char* name() const = 0;

  // A slice of work, short of a millisecond. True when more is ready at once, so that the shard must not wait.
  virtual bool on_turn(Instant now) = 0;

 protected:
  ~Service() = default;
};

// The message kinds of one service: first, first + 1, ... first + count - 1.
struct MessageKinds {
  uint16_t first = 0;
  uint16_t count = 0;
};

}  // namespace engine
