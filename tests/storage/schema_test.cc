#include "storage/schema/schema.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "storage/schema/case_folding.h"
#include "storage/schema/full_type.h"
#include "tests/catch.h"

namespace storage {
namespace {

Schema cpu_schema() {
  return make_schema(
      TableId{3},
      {.name = "cpu",
       .partition_unit = PartitionUnit::hour,
       .designated = {2},
       .columns = {{"host", ColumnType::symbol}, {"usage", ColumnType::float64}, {"timestamp", ColumnType::timestamp_us}}});
}

TEST_CASE("schema: names compare by simple case folding of all of Unicode") {
  CHECK(fold_name("CPU_load") == "cpu_load");
  CHECK(fold_name("ÄÖÜ") == "äöü");
  CHECK(fold_name("ΣΑΣ") == fold_name("σας"));  // final sigma
  CHECK(fold_name("ſ") == "s");                 // long s
  CHECK(fold_name("\u212A") == "k");            // Kelvin
  CHECK(fold_name("\u1E9E") == "ß");            // capital sharp s: one letter, not two
  CHECK(fold_name("\u0130") == "\u0130");       // dotted capital I has no simple folding
  CHECK(fold_name("ДЖ") == "дж");
  CHECK(fold_name("\u13F8") == "\u13F0");          // Cherokee folds to upper case
  CHECK(fold_name("\U00010400") == "\U00010428");  // Deseret: four bytes
  CHECK(fold_name("\uFF21") == "\uFF41");          // full width
  CHECK(fold_name("\u2C2F") == "\u2C5F");          // Glagolitic
  CHECK(fold_name("温度") == "温度");
}

TEST_CASE("schema: folding changes 1454 code points and folding twice changes nothing more") {
  int changed = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const char32_t folded = fold_case(c);
    changed += folded != c ? 1 : 0;
    if (fold_case(folded) != folded) FAIL("folds twice: " << static_cast<uint32_t>(c));
  }
  CHECK(changed == 1454);
}

TEST_CASE("schema: bytes that are no UTF-8 stay as they are") {
  CHECK(fold_name("A\xFF"
                  "B") ==
        "a\xFF"
        "b");
  CHECK(fold_name("A\xC3") == "a\xC3");
  CHECK(fold_name("\xC1\x81") == "\xC1\x81");  // overlong A
}

TEST_CASE("schema: new columns get new ids and the next version") {
  const Schema schema = cpu_schema();
  const ColumnWish wishes[] = {{"HOST", ColumnType::varchar}, {"load", ColumnType::int64}, {"Load", ColumnType::int64}};
  const Schema next = with_columns(schema, wishes).value();
  CHECK(next.version == 2);
  CHECK(next.columns.size() == 4);
  CHECK(next.columns[3] == Column{ColumnId{3}, ColumnType::int64, "load"});
  CHECK(std::equal(schema.columns.begin(), schema.columns.end(), next.columns.begin()));
  CHECK(with_columns(next, wishes).value() == next);
}

TEST_CASE("schema: a table has at most columns_max columns") {
  std::vector<ColumnWish> wishes;
  for (size_t i = 3; i < columns_max; ++i) wishes.push_back({"c" + std::to_string(i), ColumnType::int64});
  const Schema full = with_columns(cpu_schema(), wishes).value();
  CHECK(full.columns.size() == columns_max);
  CHECK(with_columns(full, wishes).value() == full);
  const ColumnWish one_more[] = {{"one more", ColumnType::int64}};
  CHECK(with_columns(full, one_more).status().code() == absl::StatusCode::kResourceExhausted);
}

TEST_CASE("schema: a record leads back to its schema") {
  const Schema schema = cpu_schema();
  CHECK(decode_schema(encode_schema(schema), "x").value() == schema);
}

// Everything that a record may have.
Schema rich_schema() {
  Schema schema = with_ttl(cpu_schema(), {.unit = TtlUnit::month, .count = 7});
  schema = with_upsert_keys(schema, std::array{std::string("HOST"), std::string("timestamp")}).value();
  schema.dropped_columns = {{ColumnId{7}, ColumnType::symbol, "gone"}};
  return schema;
}

TEST_CASE("schema: TTL, upsert keys, dropped columns and a dropped table lead back, too") {
  Schema schema = rich_schema();
  CHECK(schema.version == 3);
  CHECK(schema.upsert_keys == std::vector{ColumnId{0}, ColumnId{2}});
  CHECK(decode_schema(encode_schema(schema), "x").value() == schema);
  schema.is_dropped = true;
  CHECK(decode_schema(encode_schema(schema), "x").value() == schema);
}

TEST_CASE("schema: the id of a dropped column stays taken, and its name is free") {
  const Schema next = with_columns(rich_schema(), std::array{ColumnWish{"gone", ColumnType::int64}}).value();
  CHECK(next.columns.back() == Column{ColumnId{8}, ColumnType::int64, "gone"});
}

TEST_CASE("schema: TTL and upsert keys that are the same make no version") {
  const Schema schema = rich_schema();
  CHECK(with_ttl(schema, schema.ttl).version == schema.version);
  CHECK(with_ttl(schema, {}).version == schema.version + 1);
  CHECK(with_upsert_keys(schema, std::array{std::string("host"), std::string("TIMESTAMP")}).value().version == schema.version);
  CHECK(with_upsert_keys(schema, {}).value().upsert_keys.empty());
  CHECK(engine::message_of(with_upsert_keys(schema, std::array{std::string("x")}).status()) ==
        "deduplicate key column not found [column=x]");
  CHECK(engine::message_of(with_upsert_keys(schema, std::array{std::string("host")}).status()) ==
        "deduplicate key list must include dedicated timestamp column");
}

TEST_CASE("schema: a TTL is said in the largest unit that counts it") {
  const std::pair<Ttl, std::string> examples[] = {
      {{}, "0 HOUR"},
      {{TtlUnit::hour, 5}, "5 HOUR"},
      {{TtlUnit::hour, 48}, "2 DAY"},
      {{TtlUnit::hour, 336}, "2 WEEK"},
      {{TtlUnit::month, 5}, "5 MONTH"},
      {{TtlUnit::month, 24}, "2 YEAR"},
  };
  for (const auto& [ttl, expected] : examples) {
    CHECK(std::to_string(describe(ttl).value) + " " + std::string(describe(ttl).unit) == expected);
  }
}

TEST_CASE("schema: damaged records are refused") {
  const Schema schema = rich_schema();
  const std::vector<std::byte> record = encode_schema(schema);
  for (size_t size = 0; size < record.size(); ++size) {
    CHECK_FALSE(decode_schema(std::span(record).first(size), "x").ok());
  }
  // Some flips make another schema: frames and files have checksums. None may crash, or take memory for a count that cannot be
  // true.
  for (size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::vector<std::byte> flipped = record;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const absl::StatusOr<Schema> decoded = decode_schema(flipped, "x");
    if (decoded.ok()) CHECK(decoded->columns.size() <= schema.columns.size());
  }
  std::vector<std::byte> longer = record;
  longer.push_back(std::byte{0});
  CHECK(engine::message_of(decode_schema(longer, "frame 9").status()) ==
        "frame 9: bytes after the schema at offset " + std::to_string(record.size()) + ": expected 0, found 1");
}

TEST_CASE("schema: units parse in any case") {
  CHECK(parse_partition_unit("Week").value() == PartitionUnit::week);
  CHECK(parse_partition_unit("decade").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(partition_unit_name(PartitionUnit::none) == "NONE");
  CHECK(type_name(ColumnType::long256) == "LONG256");
  CHECK(is_column_type(23));
  CHECK_FALSE(is_column_type(0));
  CHECK_FALSE(is_column_type(24));
}

TEST_CASE("schema: types have full names, which lead back to them in any case") {
  for (const ColumnTypeRow& row : column_types) {
    for (unsigned size = 0; size <= 255; ++size) {
      const TypeParameters parameters{.size = static_cast<uint8_t>(size)};
      if (!are_parameters(row.type, parameters)) continue;
      const std::string name = full_type_name(row.type, parameters);
      INFO(name);
      CHECK(parse_full_type(name) == FullType{row.type, parameters});
      CHECK(parse_full_type(fold_name(name)) == FullType{row.type, parameters});
    }
  }
  CHECK(full_type_name(ColumnType::geohash, {.size = 25}) == "GEOHASH(5c)");
  CHECK(full_type_name(ColumnType::geohash, {.size = 4}) == "GEOHASH(4b)");
  CHECK(full_type_name(ColumnType::decimal64, {.size = 18, .scale = 3}) == "DECIMAL(18,3)");
  CHECK(full_type_name(ColumnType::array, {.size = 3}) == "DOUBLE[][][]");
  CHECK(full_type_name(ColumnType::ipv4, {}) == "IPv4");
  CHECK(parse_full_type("decimal( 19 , 4 )") == FullType{ColumnType::decimal128, {.size = 19, .scale = 4}});
  CHECK(parse_full_type("DECIMAL(76,76)") == FullType{ColumnType::decimal256, {.size = 76, .scale = 76}});
  CHECK(parse_full_type("DECIMAL") == FullType{ColumnType::decimal64, {.size = 18, .scale = 3}});
  CHECK(parse_full_type("DECIMAL(5)") == FullType{ColumnType::decimal64, {.size = 5}});
  for (const char* none :
       {"", "NUMBER", "DECIMAL(0,0)", "DECIMAL(77,0)", "DECIMAL(5,6)", "DECIMAL(5,1", "GEOHASH", "GEOHASH(61b)", "GEOHASH(13c)",
        "GEOHASH(0b)", "GEOHASH(5)", "LONG[]", "[]", "LONG(5)", "DOUBLE[", "GEOHASH()"}) {
    INFO(none);
    CHECK_FALSE(parse_full_type(none).has_value());
  }
  std::string deepest = "DOUBLE";
  for (int i = 0; i < 32; ++i) deepest += "[]";
  CHECK(parse_full_type(deepest) == FullType{ColumnType::array, {.size = 32}});
  CHECK_FALSE(parse_full_type(deepest + "[]").has_value());
}

TEST_CASE("schema: a record holds the parameters of types, and only those that fit") {
  const Schema schema = make_schema(TableId{3}, {.name = "t",
                                                 .designated = {0},
                                                 .columns = {{"timestamp", ColumnType::timestamp_us},
                                                             {"price", ColumnType::decimal128, {.size = 20, .scale = 20}},
                                                             {"place", ColumnType::geohash, {.size = 60}},
                                                             {"book", ColumnType::array, {.size = 32}}}});
  std::vector<std::byte> record = encode_schema(schema);
  CHECK(decode_schema(record, "x").value() == schema);
  const ColumnWish wishes[] = {{"cost", ColumnType::decimal64, {.size = 18, .scale = 3}}};
  CHECK(with_columns(schema, wishes).value().columns.back().parameters == TypeParameters{.size = 18, .scale = 3});
  const size_t size_of_book = record.size() - 4 - 4 - 3;  // name, its size, scale and what is reserved
  CHECK(record[size_of_book] == std::byte{32});
  record[size_of_book] = std::byte{33};
  CHECK_FALSE(decode_schema(record, "x").ok());
}

}  // namespace
}  // namespace storage
