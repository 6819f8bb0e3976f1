// The signals that a server may get, taken by the steering thread when it likes. None ends the process by itself but those
// that nobody can take, and those that say that the program is wrong (SIGSEGV and the like).
//
//   stop   SIGTERM, SIGINT, SIGQUIT, SIGPWR
//   go on  SIGHUP (there is nothing to read again), SIGUSR1, SIGUSR2, timers and the like, which are logged; SIGPIPE and
//          SIGXFSZ, which the failed write reports anyway
#pragma once

#include <optional>

#include "engine/base/time.h"

namespace tools {

// For this thread and all that it starts from now on.
void block_signals();

// True when one came that stops the server; at most `limit` later.
bool stop_signal_came(engine::Duration limit);

}  // namespace tools
