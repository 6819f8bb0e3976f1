#include "storage/repeat/table.h"

#include "tests/catch.h"

namespace {

using storage::RepeatTable;
using storage::RequestNote;
using Verdict = RepeatTable::Verdict;

constexpr engine::Duration time_max = engine::seconds(60);
constexpr engine::Hash128 hash{.low = 1, .high = 2};

constexpr engine::Instant at(int64_t seconds) { return engine::Instant{} + engine::seconds(seconds); }

RequestNote note(uint64_t number) { return {.key = {}, .content = hash, .request = {.source = {}, .number = number}}; }

TEST_CASE("repeat_table: a request runs, is stored, and is known for its time") {
  RepeatTable table(10, time_max);
  CHECK(table.find(hash, at(0)).verdict == Verdict::fresh);
  table.begin(hash);
  CHECK(table.find(hash, at(0)).verdict == Verdict::running);
  table.store(hash, note(7), at(1));
  table.end(hash);
  CHECK(table.find(hash, at(60)).verdict == Verdict::stored);
  CHECK(table.find(hash, at(60)).note.request.number == 7);
  CHECK(table.find(hash, at(61)).verdict == Verdict::fresh);
  CHECK(table.size() == 0);
}

TEST_CASE("repeat_table: one that failed leaves nothing") {
  RepeatTable table(10, time_max);
  table.begin(hash);
  table.end(hash);
  CHECK(table.find(hash, at(0)).verdict == Verdict::fresh);
}

TEST_CASE("repeat_table: of two that say the same each is used up once, the older one first") {
  RepeatTable table(10, time_max);
  table.store(hash, note(1), at(0));
  table.store(hash, note(2), at(1));
  CHECK(table.find(hash, at(2)).note.request.number == 1);
  table.take(hash);
  CHECK(table.find(hash, at(2)).note.request.number == 2);
  table.take(hash);
  CHECK(table.find(hash, at(2)).verdict == Verdict::fresh);
  table.take(hash);
}

TEST_CASE("repeat_table: one too many pushes the oldest one out, and counts it") {
  RepeatTable table(2, time_max);
  for (uint64_t i = 1; i <= 3; ++i) table.store({.low = i, .high = 0}, note(i), at(0));
  CHECK(table.size() == 2);
  CHECK(table.pushed_out() == 1);
  CHECK(table.find({.low = 1, .high = 0}, at(0)).verdict == Verdict::fresh);
  CHECK(table.stored(at(0)).front().request.number == 2);
}

}  // namespace
