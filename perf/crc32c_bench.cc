// Bytes per second of the checksum, by instruction (when the processor has it) and by table, at the sizes of frame headers,
// blocks and groups. Data is in the cache: it has just been written when it is summed.
#include "engine/base/crc32c.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

template <auto function>
void crc32c(benchmark::State& state) {
  const std::vector<std::byte> bytes(static_cast<size_t>(state.range(0)), std::byte{0x5a});
  uint32_t crc = 0;
  for (auto _ : state) benchmark::DoNotOptimize(crc = function(crc, bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(crc32c<engine::crc32c_extend>)->Arg(64)->Arg(1 << 10)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20);
BENCHMARK(crc32c<engine::crc32c_extend_portable>)->Arg(64)->Arg(4 << 10)->Arg(1 << 20);

}  // namespace
