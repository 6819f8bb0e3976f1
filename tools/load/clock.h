// The clock of a load: of what it sends, and of how long the server takes.
#pragma once

#include <chrono>

namespace tools {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace tools
