// A quick run of the tests (tools/test --quick) is for the minute after a change of one file: tests that tell hundreds of
// stories tell a few then, and do not ask whether these have met everything. MILLRACE_TEST_QUICK in the environment says so.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace tests {

inline bool is_quick() { return std::getenv("MILLRACE_TEST_QUICK") != nullptr; }

inline uint64_t stories(uint64_t full, uint64_t quick) { return is_quick() ? quick : full; }

}  // namespace tests
