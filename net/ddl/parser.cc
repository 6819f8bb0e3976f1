#include "net/ddl/parser.h"

#include <array>
#include <string>
#include <utility>

#include "net/ddl/token_reader.h"
#include "net/ddl/type_parser.h"
#include "net/sql/query_limits.h"

namespace net {
namespace {

using Names = std::vector<DdlName>;

// One or more of what `take_one` takes, with commas between them.
template <typename TakeOne>
void take_list(TokenReader& reader, TakeOne take_one) {
  do {
    take_one();
  } while (reader.take_mark(','));
}

Names take_names(TokenReader& reader, std::string_view what) {
  Names names;
  take_list(reader, [&] { names.push_back(reader.take_name(what)); });
  return names;
}

Names take_names_in_parentheses(TokenReader& reader) {
  reader.expect_mark('(');
  Names names = take_names(reader, "column name");
  reader.expect_mark(')');
  return names;
}

// How symbols are kept in memory, which has no effect.
bool take_symbol_option(TokenReader& reader) {
  if (reader.take({"cache"}) || reader.take({"nocache"})) return true;
  const bool is_index = reader.take({"index"});
  if (reader.take({"capacity"})) {
    reader.take_number("capacity");
    return true;
  }
  return is_index;
}

DdlColumn take_column(TokenReader& reader) {
  DdlColumn column;
  column.name = reader.take_name("column name");
  column.type = take_type(reader);
  while (column.type.full.type == storage::ColumnType::symbol && take_symbol_option(reader)) {
  }
  return column;
}

struct UnitWord {
  std::string_view word;
  storage::TtlUnit unit;
  uint32_t count;
};

constexpr std::array unit_words{
    UnitWord{"H", storage::TtlUnit::hour, 1},       UnitWord{"HOUR", storage::TtlUnit::hour, 1},
    UnitWord{"HOURS", storage::TtlUnit::hour, 1},   UnitWord{"D", storage::TtlUnit::hour, 24},
    UnitWord{"DAY", storage::TtlUnit::hour, 24},    UnitWord{"DAYS", storage::TtlUnit::hour, 24},
    UnitWord{"W", storage::TtlUnit::hour, 168},     UnitWord{"WEEK", storage::TtlUnit::hour, 168},
    UnitWord{"WEEKS", storage::TtlUnit::hour, 168}, UnitWord{"M", storage::TtlUnit::month, 1},
    UnitWord{"MONTH", storage::TtlUnit::month, 1},  UnitWord{"MONTHS", storage::TtlUnit::month, 1},
    UnitWord{"Y", storage::TtlUnit::month, 12},     UnitWord{"YEAR", storage::TtlUnit::month, 12},
    UnitWord{"YEARS", storage::TtlUnit::month, 12},
};

constexpr uint32_t ttl_value_max = 1'000'000;  // more than a century in any unit

// 12h, or 12 HOURS. A small m would be minutes elsewhere.
storage::Ttl take_ttl(TokenReader& reader) {
  const TokenReader::Number number = reader.take_number("TTL");
  const size_t unit_position = number.unit.empty() ? reader.position() : number.position;
  std::string unit = number.unit.empty() ? reader.take_word("unit of TTL").text : number.unit;
  if (unit != "m") unit = upper_case(unit);
  if (!reader.ok()) return {};
  for (const UnitWord& known : unit_words) {
    if (known.word != unit) continue;
    if (number.value > ttl_value_max) reader.fail_at(number.position, "TTL is too long");
    return number.value == 0 ? storage::Ttl{} : storage::Ttl{.unit = known.unit, .count = number.value * known.count};
  }
  reader.fail_at(unit_position, "unit of TTL: HOURS, DAYS, WEEKS, MONTHS or YEARS expected");
  return {};
}

storage::PartitionUnit take_partition_unit(TokenReader& reader) {
  const DdlName word = reader.take_word("partition unit");
  const absl::StatusOr<storage::PartitionUnit> unit = storage::parse_partition_unit(word.text);
  if (unit.ok()) return *unit;
  if (reader.ok()) reader.fail_at(word.position, "'NONE', 'HOUR', 'DAY', 'WEEK', 'MONTH' or 'YEAR' expected");
  return {};
}

// Of the writer of a table; none of them has an effect.
void skip_parameters(TokenReader& reader) {
  take_list(reader, [&] {
    reader.take_word("parameter");
    reader.expect_mark('=');
    reader.skip("value of the parameter");
  });
}

Names take_upsert_keys(TokenReader& reader) {
  reader.expect("upsert");
  reader.expect("keys");
  return take_names_in_parentheses(reader);
}

// A clause of CREATE TABLE behind its columns. False: none comes next.
bool take_clause(TokenReader& reader, CreateTable& create) {
  const size_t position = reader.position();
  if (!create.designated && reader.take({"timestamp"})) {
    reader.expect_mark('(');
    create.designated = reader.take_name("column name");
    reader.expect_mark(')');
  } else if (!create.partition_unit && reader.take({"partition", "by"})) {
    create.partition_position = reader.position();
    create.partition_unit = take_partition_unit(reader);
  } else if (reader.take({"ttl"})) {
    create.ttl_position = reader.position();
    create.ttl = take_ttl(reader);
  } else if (reader.take({"bypass", "wal"})) {
    create.bypasses_wal = true;
  } else if (reader.take({"with"})) {
    skip_parameters(reader);
  } else if (create.upsert_keys.empty() && (reader.take({"dedup"}) || reader.take({"deduplicate"}))) {
    create.upsert_keys = take_upsert_keys(reader);
  } else if (reader.take({"owned", "by"})) {
    reader.take_name("owner");
  } else if (reader.is_word("in")) {
    reader.fail_at(position, "IN VOLUME is not supported: a table lies in the data directory");
  } else {
    return reader.take({"wal"});
  }
  return true;
}

bool take_if_not_exists(TokenReader& reader) { return reader.take({"if", "not", "exists"}); }
bool take_if_exists(TokenReader& reader) { return reader.take({"if", "exists"}); }

DdlStatement take_create(TokenReader& reader) {
  CreateTable create;
  if (!reader.is_word("table")) reader.fail("'table' expected: only tables can be created here");
  reader.expect("table");
  create.if_not_exists = take_if_not_exists(reader);
  create.name = reader.take_name("table name");
  if (reader.is_word("as")) reader.fail("CREATE TABLE AS SELECT is not supported: name the columns");
  reader.expect_mark('(');
  if (reader.is_word("like") && reader.count_left() == 3) reader.fail("LIKE is not supported: name the columns");
  take_list(reader, [&] { create.columns.push_back(take_column(reader)); });
  reader.expect_mark(')');
  while (reader.take_mark(',')) {
    reader.expect("index");
    reader.expect_mark('(');
    reader.take_name("column name");
    if (reader.take({"capacity"})) reader.take_number("capacity");
    reader.expect_mark(')');
  }
  while (take_clause(reader, create)) {
  }
  return create;
}

DdlStatement take_drop(TokenReader& reader) {
  DropTable drop;
  if (!reader.is_word("table")) reader.fail("'table' expected: only tables can be dropped here");
  reader.expect("table");
  drop.if_exists = take_if_exists(reader);
  drop.name = reader.take_name("table name");
  return drop;
}

DdlStatement take_truncate(TokenReader& reader) {
  TruncateTable truncate;
  reader.expect("table");
  truncate.if_exists = take_if_exists(reader);
  truncate.names = take_names(reader, "table name");
  reader.take({"keep", "symbol", "maps"});
  return truncate;
}

DdlStatement take_rename(TokenReader& reader) {
  RenameTable rename;
  reader.expect("table");
  rename.name = reader.take_name("table name");
  reader.expect("to");
  rename.new_name = reader.take_name("table name");
  return rename;
}

TableChange take_add(TokenReader& reader) {
  AddColumns add;
  reader.take({"column"});
  add.if_not_exists = take_if_not_exists(reader);
  take_list(reader, [&] { add.columns.push_back(take_column(reader)); });
  return add;
}

TableChange take_alter_column(TokenReader& reader) {
  DdlName name = reader.take_name("column name");
  if (reader.take({"type"})) {
    ChangeType change{.name = std::move(name), .type = take_type(reader)};
    while (change.type.full.type == storage::ColumnType::symbol && take_symbol_option(reader)) {
    }
    return change;
  }
  if (reader.take({"add", "index"})) {
    if (reader.take({"capacity"})) reader.take_number("capacity");
    return NoChange{};
  }
  if (reader.take({"drop", "index"}) || reader.take({"cache"}) || reader.take({"nocache"})) return NoChange{};
  if (reader.take({"symbol", "capacity"})) {
    reader.take_number("capacity");
    return NoChange{};
  }
  reader.fail("'type', 'add', 'drop', 'symbol', 'cache' or 'nocache' expected");
  return NoChange{};
}

TableChange take_set(TokenReader& reader) {
  if (reader.take({"ttl"})) {
    SetTtl set{.ttl = {}, .position = reader.position()};
    set.ttl = take_ttl(reader);
    return set;
  }
  if (reader.take({"param"})) {
    skip_parameters(reader);
  } else if (reader.take({"type"})) {
    reader.take({"bypass"});
    reader.expect("wal");
  } else {
    reader.fail("'ttl', 'param' or 'type' expected");
  }
  return NoChange{};
}

TableChange take_dedup(TokenReader& reader) {
  if (reader.take({"disable"})) return SetUpsertKeys{};
  reader.take({"enable"});
  return SetUpsertKeys{.keys = take_upsert_keys(reader)};
}

TableChange take_change(TokenReader& reader) {
  if (reader.take({"add"})) return take_add(reader);
  if (reader.take({"drop", "column"})) return DropColumns{.names = take_names(reader, "column name")};
  if (reader.take({"rename", "column"})) {
    RenameColumn rename;
    rename.name = reader.take_name("column name");
    reader.expect("to");
    rename.new_name = reader.take_name("column name");
    return rename;
  }
  if (reader.take({"alter", "column"})) return take_alter_column(reader);
  if (reader.take({"set"})) return take_set(reader);
  if (reader.take({"dedup"}) || reader.take({"deduplicate"})) return take_dedup(reader);
  if (reader.take({"resume", "wal"})) {
    if (reader.take({"from", "txn"}) || reader.take({"from", "transaction"})) reader.take_number("txn");
    return NoChange{};
  }
  reader.fail("'add', 'drop column', 'rename column', 'alter column', 'set', 'dedup' or 'resume wal' expected");
  return NoChange{};
}

DdlStatement take_alter(TokenReader& reader) {
  AlterTable alter;
  reader.expect("table");
  alter.name = reader.take_name("table name");
  alter.change = take_change(reader);
  return alter;
}

DdlStatement take_session_statement(TokenReader& reader) {
  while (!reader.at_end() && !reader.is_mark(';')) reader.take_anything();
  return SessionStatement{};
}

struct StatementStart {
  std::string_view word;
  DdlStatement (*take)(TokenReader& reader);
  bool stands_alone = false;  // otherwise the word alone is the name of a table
};

constexpr std::array statement_starts{
    StatementStart{"create", take_create},
    StatementStart{"drop", take_drop},
    StatementStart{"truncate", take_truncate},
    StatementStart{"rename", take_rename},
    StatementStart{"alter", take_alter},
    StatementStart{"set", take_session_statement},
    StatementStart{"begin", take_session_statement, true},
    StatementStart{"commit", take_session_statement, true},
    StatementStart{"rollback", take_session_statement, true},
};

}  // namespace

ParsedDdl parse_ddl(std::string_view text) {
  if (text.size() > query_size_max) return NotDdl{};  // whoever takes it says so
  TokenReader reader(text);
  for (const StatementStart& start : statement_starts) {
    if (!reader.take({start.word})) continue;
    if (!start.stands_alone && (reader.at_end() || reader.is_mark(';'))) return NotDdl{};
    DdlStatement statement = start.take(reader);
    while (reader.take_mark(';')) {
    }
    if (reader.ok() && !reader.at_end()) reader.fail_here();
    if (!reader.ok()) return reader.take_error();
    return statement;
  }
  return NotDdl{};
}

}  // namespace net
