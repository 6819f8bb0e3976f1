// Bugs planted by name, so that the tests can be tested: a suite that does not find one of these is broken.
//
//   if (!engine::sabotaged("directory_not_synced")) RETURN_IF_ERROR(engine::sync_directory(backend, path));
//
// Only sources that are compiled once more with MILLRACE_SABOTAGE (tests/meson.build) can have one; everywhere else the answer
// is "no" when the code is compiled, and nothing is left of the question. What is wrong with each, and who must find it:
// tests/node/sabotage_test.cc. Never asked in a header: what is inline there would mean two things in one program.
#pragma once

#include <cstdint>
#include <string_view>

namespace engine {

#ifdef MILLRACE_SABOTAGE

struct PlantedBug {
  std::string_view name;     // empty: none
  uint64_t* asks = nullptr;  // counts how often the bug had its way
};

inline PlantedBug planted_bug;  // set by the test before the run, on its only thread

inline namespace with_sabotage {

inline bool sabotaged(std::string_view name) {
  if (name != planted_bug.name) return false;
  ++*planted_bug.asks;
  return true;
}

}  // namespace with_sabotage

#else

consteval bool sabotaged(std::string_view) { return false; }

#endif

}  // namespace engine
