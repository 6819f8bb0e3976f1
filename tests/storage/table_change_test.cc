#include "storage/schema/table_change.h"

#include <string>
#include <vector>

#include "tests/catch.h"

namespace storage {
namespace {

Schema cpu_schema() {
  return make_schema(TableId{3}, {.name = "cpu",
                                  .partition_unit = PartitionUnit::hour,
                                  .designated = {2},
                                  .columns = {{"host", ColumnType::symbol},
                                              {"usage", ColumnType::float64},
                                              {"timestamp", ColumnType::timestamp_us},
                                              {"load", ColumnType::int64}}});
}

Schema change(const Schema& schema, const TableChange& change) {
  ChangeRefusal refusal;
  std::optional<Schema> next = changed(schema, change, refusal);
  INFO(refusal.status);
  REQUIRE(next.has_value());
  return *std::move(next);
}

// "message, name n"
std::string refused(const Schema& schema, const TableChange& change) {
  ChangeRefusal refusal;
  REQUIRE_FALSE(changed(schema, change, refusal).has_value());
  return std::string(engine::message_of(refusal.status)) + ", name " + std::to_string(refusal.name);
}

std::vector<std::string> names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Column& column : schema.columns) names.push_back(column.name);
  return names;
}

TEST_CASE("table_change: a dropped column is gone, and the designated one is still the same") {
  const Schema next = change(cpu_schema(), DropColumns{{"HOST", "load"}});
  CHECK(next.version == 2);
  CHECK(names(next) == std::vector<std::string>{"usage", "timestamp"});
  CHECK(next.designated_column().name == "timestamp");
  CHECK(next.dropped_columns == std::vector{cpu_schema().columns[0], cpu_schema().columns[3]});
  CHECK(decode_schema(encode_schema(next), "x").value() == next);
}

TEST_CASE("table_change: a renamed column keeps its id, and may change its case") {
  const Schema next = change(cpu_schema(), RenameColumn{"Usage", "use"});
  CHECK(next.columns[1] == Column{ColumnId{1}, ColumnType::float64, "use"});
  CHECK(change(next, RenameColumn{"use", "USE"}).columns[1].name == "USE");
  CHECK(change(next, RenameColumn{"use", "use"}) == next);
}

TEST_CASE("table_change: columns are added, or must be new") {
  const Schema next = change(cpu_schema(), AddColumns{{{"a", ColumnType::int64}, {"HOST", ColumnType::varchar}}, false});
  CHECK(names(next) == std::vector<std::string>{"host", "usage", "timestamp", "load", "a"});
  CHECK(refused(cpu_schema(), AddColumns{{{"a", ColumnType::int64}, {"HOST", ColumnType::varchar}}, true}) ==
        "column 'HOST' already exists, name 1");
}

TEST_CASE("table_change: a table gets another name, a TTL, upsert keys, or is dropped") {
  CHECK(change(cpu_schema(), RenameTable{"CPU"}).name == "CPU");
  CHECK(change(cpu_schema(), SetTtl{{TtlUnit::hour, 24}}).ttl == Ttl{TtlUnit::hour, 24});
  CHECK(change(cpu_schema(), SetUpsertKeys{{"timestamp"}}).upsert_keys == std::vector{ColumnId{2}});
  CHECK(change(cpu_schema(), DropTable{}).is_dropped);
  CHECK(change(cpu_schema(), DropTable{}).version == 2);
}

TEST_CASE("table_change: what cannot be changed is refused, and says which of its names is to blame") {
  const Schema keyed = change(cpu_schema(), SetUpsertKeys{{"timestamp", "host"}});
  CHECK(refused(keyed, DropColumns{{"load", "host"}}) == "column 'host' is an upsert key: disable deduplication first, name 1");
  CHECK(refused(keyed, DropColumns{{"load", "load"}}) == "column 'load' does not exist, name 1");
  CHECK(refused(keyed, DropColumns{{"timestamp"}}) == "column 'timestamp' is the designated timestamp, name 0");
  CHECK(refused(keyed, RenameColumn{"x", "y"}) == "column 'x' does not exist, name 0");
  CHECK(refused(keyed, RenameColumn{"load", "HOST"}) == "column 'HOST' already exists, name 1");
}

TEST_CASE("table_change: what takes nothing from rows that are on their way waits for none of them") {
  CHECK_FALSE(needs_barrier(AddColumns{}));
  CHECK_FALSE(needs_barrier(SetTtl{}));
  CHECK_FALSE(needs_barrier(SetUpsertKeys{}));
  CHECK(needs_barrier(DropColumns{}));
  CHECK(needs_barrier(RenameColumn{}));
  CHECK(needs_barrier(RenameTable{}));
  CHECK(needs_barrier(DropTable{}));
  CHECK(needs_barrier(TruncateTable{}));
}

}  // namespace
}  // namespace storage
