#include "engine/io/buffer_pool.h"

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "engine/base/bytes.h"
#include "tests/catch.h"

namespace engine {
namespace {

TEST_CASE("buffer_pool: gives as many distinct aligned buffers as it has, then none until one comes back") {
  BufferPool pool({.buffer_count_max = 3, .buffer_size = 2 * block_size});
  std::vector<PooledBuffer> held;
  std::set<const std::byte*> starts;
  for (int i = 0; i < 3; ++i) {
    held.push_back(pool.acquire());
    REQUIRE(held.back());
    CHECK(held.back().bytes().size() == 2 * block_size);
    CHECK(reinterpret_cast<uintptr_t>(held.back().bytes().data()) % block_size == 0);
    starts.insert(held.back().bytes().data());
  }
  CHECK(starts.size() == 3);
  CHECK_FALSE(pool.acquire());
  CHECK(pool.used_count() == 3);
  held.pop_back();
  CHECK(pool.free_count() == 1);
  CHECK(pool.acquire());
}

TEST_CASE("buffer_pool: the buffer that came home last goes out first") {
  BufferPool pool({.buffer_count_max = 4, .buffer_size = block_size});
  PooledBuffer first = pool.acquire();
  PooledBuffer second = pool.acquire();
  const std::byte* start = first.bytes().data();
  second.reset();
  first.reset();
  CHECK(pool.acquire().bytes().data() == start);
}

TEST_CASE("buffer_pool: moving a handle moves the ownership and gives back what the target held") {
  BufferPool pool({.buffer_count_max = 2, .buffer_size = block_size});
  PooledBuffer source = pool.acquire();
  PooledBuffer target = pool.acquire();
  const std::byte* start = source.bytes().data();
  target = std::move(source);
  CHECK(target.bytes().data() == start);
  CHECK_FALSE(source);
  CHECK(pool.used_count() == 1);
  const PooledBuffer third(std::move(target));
  CHECK(third.bytes().data() == start);
  CHECK(pool.used_count() == 1);
}

}  // namespace
}  // namespace engine
