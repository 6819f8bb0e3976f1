#include "storage/table/file_names.h"

#include "tests/catch.h"

namespace storage {
namespace {

TEST_CASE("file_names: paths are made of ids and buckets") {
  Schema schema;
  schema.table = TableId{7};
  schema.partition_unit = PartitionUnit::day;
  schema.columns = {{ColumnId{0}, ColumnType::timestamp_us, "../../etc"}};
  const LaneId lane{TableId{7}, LaneNumber{3}};

  CHECK(table_directory(TableId{7}) == "tables/7");
  CHECK(schema_path(TableId{7}) == "tables/7/schema");
  CHECK(lane_manifest_path(lane) == "tables/7/3/lane");
  CHECK(dictionary_path(lane, ColumnId{12}, FileKind::offsets) == "tables/7/3/symbols/12.offsets");
  const std::string partition = partition_directory(schema, lane.lane, PartitionKey{1'640'995'200'000'000});
  CHECK(partition == "tables/7/3/2022-01-01");
  CHECK(partition_manifest_path(partition) == "tables/7/3/2022-01-01/manifest");
  const std::string run = run_directory(partition, RunId{4'294'967'295});
  CHECK(run == "tables/7/3/2022-01-01/4294967295");
  CHECK(column_path(run, ColumnId{0}, FileKind::validity) == "tables/7/3/2022-01-01/4294967295/0.validity");
}

TEST_CASE("file_names: names lead back to ids") {
  CHECK(parse_table_name("0") == TableId{0});
  CHECK(parse_table_name("4294967295") == TableId{4'294'967'295});
  CHECK(parse_lane_name("65535") == LaneNumber{65'535});
}

TEST_CASE("file_names: other spellings are no names") {
  for (const char* name : {"", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "4294967296", "schema", "1.values"}) {
    INFO(name);
    CHECK_FALSE(parse_table_name(name));
  }
  CHECK_FALSE(parse_lane_name("65536"));
}

}  // namespace
}  // namespace storage
