// What an error of a file operation means for whoever asked for it: one table, for all who write files. A failed sync or write
// must never be taken for something that passes, and a process that is short of descriptors never for a broken disk.
#pragma once

#include <cstdint>

#include "engine/io/backend.h"

namespace engine {

enum class ErrorPolicy : uint8_t {
  none,      // no error
  forgiven,  // what was wanted is so already, or can be done without
  again,     // nothing happened: the same request once more, at once, a bounded number of times
  shortage,  // descriptors or memory are short: the disk is well, and the same request later may find some
  no_space,  // the disk is full
  fatal,     // nobody knows what the disk holds; nothing is tried again
};

// `result` as IoResult::result.
ErrorPolicy error_policy(IoOp op, int32_t result);

}  // namespace engine
