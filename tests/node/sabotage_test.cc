// Tests of the tests: with each of these bugs planted (engine/base/sabotage.h), the crash simulation must find something wrong,
// always, and within a few seeds. Linked against sources of its own in which the bugs can be switched on.
//
// Below the seam, where the simulation cannot look: tests/engine/uring_durability_test.cc.
#include "engine/base/sabotage.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/catch.h"
#include "tests/node/crash_simulation.h"

namespace sim {
namespace {

struct Planted {
  const char* name;
  uint64_t seeds_max;  // one of the first so many finds it
  const char* what;
};

constexpr uint64_t seeds_max = 60;  // of all

// Any seeds should find them as soon as the first ones: MILLRACE_SEED looks at others.
uint64_t first_seed() {
  const char* const text = std::getenv("MILLRACE_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

constexpr Planted planted_bugs[] = {
    // Acknowledgements.
    {"early_ack", 10, "durable is reported when the write was submitted, not when it completed"},
    {"answers_not_awaited", 10, "what is durable answers for all that is appended: a batch's ack, a new column"},
    {"column_not_awaited", 10, "the answer to a new column does not wait for its frame"},
    {"log_sync_ignored", 60, "the result of the log's fdatasync is not looked at"},
    {"short_write_is_whole", 60, "a short write of a group counts as whole"},
    {"batch_homed_twice", 10, "a batch is sent home twice"},

    // Segments of the log.
    {"directory_not_synced", 10, "a created or renamed file is used before its name is durable"},
    {"zeros_not_synced", 10, "a new segment is used before its zeros are durable"},
    {"recycled_by_first_frame", 60, "a segment is recycled when its first frame is released, not its last"},
    {"last_frame_overlooked", 60, "a segment is recycled when its last frame but one is released"},
    {"needed_frame_released", 60, "the log releases the oldest frame that is still needed"},
    {"written_segment_released", 10, "release also takes the segment that is being written"},
    {"symbol_text_left_out", 60, "a frame gives a new symbol id without its text"},

    // Checkpoints.
    {"column_files_not_synced", 10, "column files and dictionaries get no fdatasync"},
    {"dictionaries_not_synced", 10, "dictionaries get no fdatasync"},
    {"run_directory_not_synced", 10, "the directory of a run is not synced"},
    {"names_after_partitions", 60, "schema and extents of dictionaries come after the partition manifests"},
    {"lane_manifest_too_early", 60, "the lane manifest says `checkpointed` before the partition manifests are written"},
    {"manifest_not_synced", 60, "a manifest is renamed into place without fdatasync"},
    {"manifest_name_not_synced", 60, "a manifest's rename is not made durable"},
    {"bitmap_checksum_kept", 10, "the last byte of a bitmap is changed without its checksum"},
    {"reserved_after_write", 10, "the space of a column file is reserved after the write"},
    {"failed_sync_forgiven", 60, "a sequence of file operations takes no notice of failed syncs"},
    {"stages_overlap", 60, "a sequence starts a stage while the one before still runs"},

    // Starts.
    {"checksum_ignored", 60, "frames are believed whose checksums are wrong"},
    {"origin_ignored", 60, "salt, stream, sequence, epoch and chain are neither written nor compared"},
    {"applied_twice", 60, "replay applies frames that a manifest holds already"},
    {"unsynced_frames_believed", 60, "a segment is believed before it is synced"},
    {"released_before_checkpoint", 60, "streams are marked as released before recovery's checkpoint"},
    {"marker_removed_first", 10, "a released stream loses its marker before its segments"},
    {"begun_segment_removed", 60, "recovery removes the last segment in use, too"},
    {"lane_directory_not_synced", 60, "a lane's directory is not synced before its manifests are believed"},
    {"newer_manifest_kept", 60, "a partition manifest newer than the lane's is not written again"},
    {"table_id_given_again", 60, "a start does not remember which table ids were given"},
    {"epoch_not_synced", 60, "the new epoch is not synced"},

    // Requests.
    {"decided_before_parts", 60, "a request is decided before the parts at other shards are durable"},
    {"decision_forgotten", 60, "the log does not keep the COMMIT that decides a request until all others are durable"},
    {"note_left_out", 60, "the COMMIT of a request does not note what it was"},
    {"undecided_committed", 60, "a start commits the parts of a request that nobody decided"},

    // Between shards, and to readers.
    {"wake_forgotten", 10, "a shard that sleeps is not woken for what it was sent"},
    {"buffer_not_released", 60, "a receive buffer is not given back"},
    {"open_batch_not_sealed", 60, "a batch that is open is not sealed when its table gets a column"},
    {"barrier_by_first", 60, "a table is changed when the first source has forgotten it, not the last"},
    {"query_before_apply", 60, "a query does not wait for durable rows to be applied"},
};

struct Story {
  std::string problem;
  uint64_t asks = 0;  // how often the bug had its way
};

// Shared with the process that tells the story.
uint64_t& shared_asks() {
  static void* const page = ::mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  return *static_cast<uint64_t*>(page);
}

// In a process of its own: a planted bug may also end in a failed VERIFY, which is a find too, or never.
Story tell(const char* bug, uint64_t seed) {
  constexpr rlimit cpu_max{.rlim_cur = 10, .rlim_max = 20};  // seconds, many times what a story takes
  constexpr size_t text_size_max = 512;                      // a pipe has room for more
  uint64_t& asks = shared_asks();
  asks = 0;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int signal : {SIGABRT, SIGSEGV}) std::signal(signal, SIG_DFL);  // the runner's would report a failure
    ::setrlimit(RLIMIT_CPU, &cpu_max);
    ::close(STDERR_FILENO);
    engine::planted_bug = {.name = bug, .asks = &asks};
    const std::string problem = run_crash_simulation(seed).problem.substr(0, text_size_max);
    [[maybe_unused]] const ssize_t written = ::write(ends[1], problem.data(), problem.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::array<char, text_size_max> text{};
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return {.problem = "ended by signal " + std::to_string(WTERMSIG(status)), .asks = asks};
  return {.problem = {text.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))}, .asks = asks};
}

// Seeds until one finds it.
void look_for(const Planted& planted) {
  Story story;
  uint64_t asks = 0;
  uint64_t seeds = 0;
  while (story.problem.empty() && seeds < planted.seeds_max) {
    story = tell(planted.name, first_seed() + seeds++);
    asks += story.asks;
  }
  std::printf("  %-28s seeds %2llu: %s\n", planted.name, static_cast<unsigned long long>(seeds), story.problem.c_str());
  INFO(planted.what);
  CHECK(asks > 0);
  CHECK(story.problem != "");
  CHECK(planted.seeds_max <= seeds_max);
}

TEST_CASE("sabotage: the crash simulation finds every planted bug", "[sim]") {
  for (const Planted& planted : planted_bugs) {
    DYNAMIC_SECTION(planted.name) { look_for(planted); }
  }
}

TEST_CASE("sabotage: without a planted bug nothing is found", "[sim]") {
  for (uint64_t seed = first_seed(); seed < first_seed() + seeds_max; ++seed) {
    INFO("seed " << seed);
    CHECK(run_crash_simulation(seed).problem == "");
  }
}

// An id of a text never changes while a process lives, so whether it is learned again makes no difference to anybody.
TEST_CASE("sabotage: a learned symbol id that is not replaced is no bug", "[sim]") {
  uint64_t& asks = shared_asks();
  asks = 0;
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const uint64_t trace = run_crash_simulation(seed).trace_hash;
    engine::planted_bug = {.name = "learned_symbol_kept", .asks = &asks};
    const uint64_t trace_with_bug = run_crash_simulation(seed).trace_hash;
    engine::planted_bug = {};
    CHECK(trace_with_bug == trace);
  }
  CHECK(asks > 0);
}

}  // namespace
}  // namespace sim
