// What runs on a shard: net's connections and storage's tables are services, and the engine knows no more of them than this.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/base/time.h"
#include "engine/base/verify.h"
#include "engine/shard/mesh.h"

namespace engine {

class Service : public MeshReceiver {
 public:
  // For counters and logs; a literal.
  virtual const char* name() const = 0;

  // Once a turn, after the messages: what has gathered goes on its way. Short of a millisecond, as nothing else runs meanwhile.
  // True when something is left that nobody will wake this shard for, such as a message that found its ring full: the shard
  // then takes another turn instead of waiting.
  virtual bool on_turn(Instant now) = 0;

 protected:
  ~Service() = default;
};

// The message kinds of one service: first, first + 1, ... first + count - 1.
struct MessageKinds {
  uint16_t first = 0;
  uint16_t count = 0;
};

// From `first` to `last`, both included. Each folder that sends messages has an enumeration of its kinds; those of the next one
// begin where they end.
template <typename Kind>
  requires std::is_enum_v<Kind>
constexpr MessageKinds kinds_between(Kind first, Kind last) {
  const auto begin = static_cast<uint16_t>(first);
  const auto end = static_cast<uint16_t>(last);
  VERIFY_LE(begin, end);
  return {.first = begin, .count = static_cast<uint16_t>(end - begin + 1)};
}

// `payload` travels by value: a small struct, or the pointer to an object that is lent to the receiver.
template <typename Kind, typename T>
  requires std::is_enum_v<Kind>
MeshMessage make_message(Kind kind, const T& payload) {
  return MeshMessage::make(static_cast<uint16_t>(kind), payload);
}

}  // namespace engine
