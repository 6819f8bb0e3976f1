#include "engine/shard/spsc_ring.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <thread>

#include "engine/base/prng.h"
#include "tests/catch.h"

namespace engine {
namespace {

// Writes the numbers from `next` on, as many as fit and at most `count`.
size_t produce(SpscRing<uint64_t>& ring, size_t count, uint64_t& next) {
  const std::span<uint64_t> slots = ring.claim(count);
  for (uint64_t& slot : slots) slot = next++;
  ring.commit(slots.size());
  return slots.size();
}

TEST_CASE("spsc_ring: an empty ring shows nothing and a full one gives nothing") {
  SpscRing<uint64_t> ring(4);
  uint64_t next = 0;
  CHECK(ring.peek().empty());
  CHECK(produce(ring, 100, next) == 4);
  CHECK(ring.claim(1).empty());
  CHECK_FALSE(ring.has_room(1));
  CHECK(ring.peek().size() == 4);
  ring.release(1);
  CHECK(ring.has_room(1));
  CHECK_FALSE(ring.has_room(2));
  CHECK(produce(ring, 100, next) == 1);
}

TEST_CASE("spsc_ring: claimed slots are unseen until they are committed, and only the committed ones are seen") {
  SpscRing<uint64_t> ring(8);
  const std::span<uint64_t> slots = ring.claim(5);
  REQUIRE(slots.size() == 5);
  CHECK(ring.peek().empty());
  slots[0] = 7;
  slots[1] = 8;
  ring.commit(2);
  const std::span<const uint64_t> seen = ring.peek();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == 7);
  CHECK(seen[1] == 8);
}

TEST_CASE("spsc_ring: a run ends at the end of the memory and goes on at its start") {
  SpscRing<uint64_t> ring(4);
  uint64_t next = 0;
  produce(ring, 3, next);
  static_cast<void>(ring.peek());
  ring.release(3);
  CHECK(produce(ring, 4, next) == 1);  // the last slot
  CHECK(produce(ring, 4, next) == 3);  // the wrapped ones
  REQUIRE(ring.peek().size() == 1);
  CHECK(ring.peek()[0] == 3);
  ring.release(1);
  REQUIRE(ring.peek().size() == 3);
  CHECK(ring.peek()[2] == 6);
}

TEST_CASE("spsc_ring: every number arrives once and in order, whatever the sizes of claims and releases") {
  for (const size_t capacity : {1U, 2U, 8U, 64U}) {
    SpscRing<uint64_t> ring(capacity);
    Prng prng{capacity};
    uint64_t next = 0;
    uint64_t expected = 0;
    for (int step = 0; step < 20'000; ++step) {
      produce(ring, prng.below(capacity + 2), next);
      const std::span<const uint64_t> seen = ring.peek();
      const size_t count = prng.below(seen.size() + 1);
      for (const uint64_t number : seen.first(count)) REQUIRE(number == expected++);
      ring.release(count);
    }
    CHECK(expected > 5'000);
  }
}

TEST_CASE("spsc_ring: a million numbers arrive once and in order between two threads") {
  constexpr uint64_t numbers = 1'000'000;
  SpscRing<uint64_t> ring(64);
  std::jthread producer([&] {
    Prng prng{1};
    for (uint64_t next = 0; next < numbers;) {
      const size_t count = std::min<uint64_t>(1 + prng.below(32), numbers - next);
      if (produce(ring, count, next) == 0) std::this_thread::yield();
    }
  });
  Prng prng{2};
  uint64_t expected = 0;
  bool in_order = true;
  while (expected < numbers) {
    const std::span<const uint64_t> seen = ring.peek();
    const size_t count = prng.below(seen.size() + 1);
    for (const uint64_t number : seen.first(count)) in_order &= number == expected++;
    ring.release(count);
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
  CHECK(in_order);
}

}  // namespace
}  // namespace engine
