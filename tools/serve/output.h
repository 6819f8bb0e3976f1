// What the server says to people, who may not be listening: a terminal that is stopped, a pipe that nobody empties. Nothing
// here waits for such a reader longer than a second, once, until it reads again; what finds no room meanwhile is given up.
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace tools {

class Output {
 public:
  // A descriptor that stays open and is not changed: others may write to it, too.
  explicit Output(int descriptor) : descriptor_(descriptor) {}

  void write(std::string_view text);
  bool is_terminal() const;

  uint64_t lost() const { return lost_; }  // texts that nobody took, or not all of them

 private:
  bool wait_for_room();

  int descriptor_;
  bool is_stalled_ = false;  // nobody took what was written last
  uint64_t lost_ = 0;
};

// Log lines go to stderr from a thread of their own, so that a slow terminal never holds up a shard. The oldest that wait give
// way to newer ones.
void start_logging();
// Writes what waits, as far as somebody takes it.
void stop_logging();

}  // namespace tools
