// Time per 64-byte descriptor through a ring of 256: within one thread (the cost of the instructions) and to another thread,
// published in batches of 1, 16 and 128. Two free cores are needed for the second.
#include "engine/shard/spsc_ring.h"

#include <benchmark/benchmark.h>

#include <stop_token>
#include <thread>

#include "engine/shard/mesh.h"

namespace {

using Ring = engine::SpscRing<engine::MeshMessage>;

constexpr size_t ring_capacity = 256;

size_t produce(Ring& ring, size_t count) {
  const std::span<engine::MeshMessage> slots = ring.claim(count);
  for (engine::MeshMessage& slot : slots) slot = engine::MeshMessage::make(1, slots.size());
  ring.commit(slots.size());
  return slots.size();
}

size_t consume(Ring& ring) {
  const std::span<const engine::MeshMessage> seen = ring.peek();
  for (const engine::MeshMessage& message : seen) benchmark::DoNotOptimize(message.as<size_t>());
  ring.release(seen.size());
  return seen.size();
}

void ring_one_thread(benchmark::State& state) {
  Ring ring(ring_capacity);
  const auto batch = static_cast<size_t>(state.range(0));
  int64_t count = 0;
  for (auto _ : state) {
    count += static_cast<int64_t>(produce(ring, batch));
    consume(ring);
  }
  state.SetItemsProcessed(count);
}

void ring_two_threads(benchmark::State& state) {
  Ring ring(ring_capacity);
  std::jthread consumer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (consume(ring) == 0) std::this_thread::yield();
    }
  });
  const auto batch = static_cast<size_t>(state.range(0));
  for (auto _ : state) {
    for (size_t left = batch; left > 0;) {
      const size_t sent = produce(ring, left);
      if (sent == 0) std::this_thread::yield();
      left -= sent;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(ring_one_thread)->Arg(1)->Arg(16)->Arg(128);
BENCHMARK(ring_two_threads)->Arg(1)->Arg(16)->Arg(128)->UseRealTime();

}  // namespace
