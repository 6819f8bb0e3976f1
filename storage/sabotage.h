// Deliberate bugs, so that the tests can be tested: a suite that does not find one of these is broken. Only a build that
// defines MILLRACE_SABOTAGE can switch one on; everywhere else the question is answered "no" at compile time.
#pragma once

#include <cstdint>

namespace storage {

enum class Sabotage : uint8_t {
  none = 0,
  early_ack,             // durable is reported when the write was submitted, not when it completed
  skip_directory_sync,   // a created or renamed segment is used before its name is durable
  ignore_checksum,       // recovery believes frames whose checksums are wrong
  ignore_epoch,          // salt, stream, sequence, epoch and chain are neither written nor compared: former lives are believed
  recycle_too_early,     // a segment is recycled when its first frame is released, not its last
  apply_twice,           // replay applies frames that a manifest holds already
  symbol_text_left_out,  // a frame gives a new symbol id without its text
  answers_not_awaited,   // what is durable answers for all that is appended: a batch's ack, a new column
};

#ifdef MILLRACE_SABOTAGE
inline Sabotage sabotage_active = Sabotage::none;  // set by the test before the run, on its only thread
inline bool sabotaged(Sabotage bug) { return sabotage_active == bug; }
#else
constexpr bool sabotaged(Sabotage) { return false; }
#endif

}  // namespace storage
