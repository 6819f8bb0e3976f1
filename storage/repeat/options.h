// How many requests a shard remembers, and for how long.
#pragma once

#include <cstddef>

#include "engine/base/time.h"

namespace storage {

struct RepeatOptions {
  // Of each shard; beyond that the oldest one goes, and is counted.
  size_t notes_max = 65'536;
  engine::Duration key_time = engine::seconds(600);
  // As long as a client sends again, several times over: those of QuestDB give up after 10 s unless they are told otherwise. No
  // longer, since within it a request that says the same for a second time may be meant so.
  engine::Duration content_time = engine::seconds(60);
};

}  // namespace storage
