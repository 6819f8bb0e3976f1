// What each table function answers.
#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/build_info.h"
#include "net/sql/create_statement.h"
#include "net/sql/functions.h"
#include "net/sql/timestamp_text.h"
#include "storage/schema/full_type.h"
#include "storage/schema/partition_key.h"

namespace net {
namespace {

using storage::LaneSnapshotRef;
using storage::ManifestRef;
using storage::Schema;

// A column of rows that are structs: what it is called, and how its value is found.
template <typename Row>
struct RowColumn {
  FunctionColumn column;
  SqlValue (*value)(const Row& row);
};

template <typename Row, size_t count>
constexpr std::array<FunctionColumn, count> columns_of(const std::array<RowColumn<Row>, count>& columns) {
  std::array<FunctionColumn, count> result;
  for (size_t i = 0; i < count; ++i) result[i] = columns[i].column;
  return result;
}

template <typename Row>
class StructRows final : public FunctionRows {
 public:
  StructRows(std::vector<Row> rows, std::span<const RowColumn<Row>> columns) : rows_(std::move(rows)), columns_(columns) {}

  uint64_t count() const override { return rows_.size(); }
  SqlValue value(uint64_t row, size_t column) const override { return columns_[column].value(rows_[row]); }

 private:
  std::vector<Row> rows_;
  std::span<const RowColumn<Row>> columns_;
};

template <typename Row, size_t count>
std::unique_ptr<FunctionRows> rows_of(std::vector<Row> rows, const std::array<RowColumn<Row>, count>& columns) {
  return std::make_unique<StructRows<Row>>(std::move(rows), columns);
}

template <typename Row>
SqlValue no_value(const Row&) {
  return {};
}

template <typename Row>
SqlValue never(const Row&) {
  return false;
}

template <typename Row>
SqlValue zero(const Row&) {
  return int64_t{0};
}

SqlValue count_value(uint64_t count) { return static_cast<int64_t>(count); }

SqlValue timestamp_value(int64_t timestamp, engine::TimeUnit unit) {
  std::array<char, timestamp_text_size_max> buffer{};
  return std::string(format_timestamp(timestamp, unit, buffer));
}

engine::TimeUnit designated_unit(const Schema& schema) { return storage::unit_of(schema.designated_column().type); }

// First and last timestamp of some runs.
struct TimeSpan {
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();

  void add(const storage::PartitionManifest& partition) {
    for (const storage::Run& run : partition.runs) {
      min = std::min(min, run.timestamp_min);
      max = std::max(max, run.timestamp_max);
    }
  }
};

// tables(), wal_tables()

struct TableRow {
  storage::SchemaRef schema;
  uint64_t rows = 0;
  uint64_t applied = 0;  // commits, over all lanes
  uint64_t committed = 0;
  TimeSpan span;
};

SqlValue table_name(const TableRow& row) { return row.schema->name; }
SqlValue applied_txn(const TableRow& row) { return count_value(row.applied); }
SqlValue committed_txn(const TableRow& row) { return count_value(row.committed); }
SqlValue timestamp_max(const TableRow& row) {
  return row.rows == 0 ? SqlValue() : timestamp_value(row.span.max, designated_unit(*row.schema));
}

constexpr auto tables_columns = std::to_array<RowColumn<TableRow>>({
    {{"id", "INT"}, [](const TableRow& row) { return count_value(row.schema->table.value); }},
    {{"table_name", "STRING"}, table_name},
    {{"designatedTimestamp", "STRING"}, [](const TableRow& row) { return SqlValue(row.schema->designated_column().name); }},
    {{"partitionBy", "STRING"},
     [](const TableRow& row) { return SqlValue(std::string(storage::partition_unit_name(row.schema->partition_unit))); }},
    {{"walEnabled", "BOOLEAN"}, [](const TableRow&) { return SqlValue(true); }},
    {{"dedup", "BOOLEAN"}, [](const TableRow& row) { return SqlValue(!row.schema->upsert_keys.empty()); }},
    {{"ttlValue", "INT"}, [](const TableRow& row) { return count_value(storage::describe(row.schema->ttl).value); }},
    {{"ttlUnit", "STRING"}, [](const TableRow& row) { return SqlValue(std::string(storage::describe(row.schema->ttl).unit)); }},
    {{"matView", "BOOLEAN"}, never},
    {{"directoryName", "STRING"}, [](const TableRow& row) { return SqlValue(std::to_string(row.schema->table.value)); }},
    {{"maxUncommittedRows", "INT"}, no_value},
    {{"o3MaxLag", "LONG"}, no_value},
    {{"table_suspended", "BOOLEAN"}, never},
    {{"table_type", "STRING"}, [](const TableRow&) { return SqlValue("T"); }},
    {{"table_row_count", "LONG"}, [](const TableRow& row) { return count_value(row.rows); }},
    {{"table_min_timestamp", "TIMESTAMP"},
     [](const TableRow& row) {
       return row.rows == 0 ? SqlValue() : timestamp_value(row.span.min, designated_unit(*row.schema));
     }},
    {{"table_max_timestamp", "TIMESTAMP"}, timestamp_max},
    {{"table_last_write_timestamp", "TIMESTAMP"}, no_value},
    {{"table_txn", "LONG"}, applied_txn},
    {{"wal_pending_row_count", "LONG"}, zero},  // readers see what is durable
    {{"wal_dedup_row_count_since_start", "LONG"}, zero},
    {{"wal_txn", "LONG"}, committed_txn},
    {{"wal_max_timestamp", "TIMESTAMP"}, timestamp_max},
});
constexpr auto tables_declared = columns_of(tables_columns);

constexpr auto wal_tables_columns = std::to_array<RowColumn<TableRow>>({
    {{"name", "STRING"}, table_name},
    {{"suspended", "BOOLEAN"}, never},
    {{"writerTxn", "LONG"}, applied_txn},
    {{"bufferedTxnSize", "LONG"}, zero},
    {{"sequencerTxn", "LONG"}, committed_txn},
    {{"errorTag", "STRING"}, no_value},
    {{"errorMessage", "STRING"}, no_value},
    {{"memoryPressure", "INT"}, zero},
});
constexpr auto wal_tables_declared = columns_of(wal_tables_columns);

absl::StatusOr<std::vector<TableRow>> list_table_rows(TableProvider& source) {
  ASSIGN_OR_RETURN(const std::vector<storage::TableSnapshot> tables, source.list_tables());
  std::vector<TableRow> rows;
  for (const storage::TableSnapshot& table : tables) {
    TableRow& row = rows.emplace_back(TableRow{.schema = table.schema, .rows = table.rows()});
    for (const LaneSnapshotRef& lane : table.lanes) {
      row.applied += lane->applied.value;
      row.committed += lane->durable.value;
      for (const ManifestRef& partition : lane->partitions) row.span.add(*partition);
    }
  }
  return rows;
}

using CallResult = absl::StatusOr<std::unique_ptr<FunctionRows>>;

CallResult call_tables(TableProvider& source, const SqlValue&) {
  ASSIGN_OR_RETURN(std::vector<TableRow> rows, list_table_rows(source));
  return rows_of(std::move(rows), tables_columns);
}

CallResult call_wal_tables(TableProvider& source, const SqlValue&) {
  ASSIGN_OR_RETURN(std::vector<TableRow> rows, list_table_rows(source));
  return rows_of(std::move(rows), wal_tables_columns);
}

// table_columns('t'), table_partitions('t')

absl::StatusOr<storage::TableSnapshot> open_named_table(TableProvider& source, const SqlValue& argument) {
  const auto* name = std::get_if<std::string>(&argument);
  if (name == nullptr) return engine::invalid_argument("the argument is the name of a table");
  absl::StatusOr<storage::TableSnapshot> snapshot = source.open_table(*name);
  if (absl::IsNotFound(snapshot.status())) return engine::not_found("table does not exist [table=" + *name + "]");
  return snapshot;
}

struct ColumnRow {
  storage::Column column;
  bool designated = false;
  bool upsert_key = false;
  uint64_t symbols = 0;
};

constexpr auto table_columns_columns = std::to_array<RowColumn<ColumnRow>>({
    {{"column", "STRING"}, [](const ColumnRow& row) { return SqlValue(row.column.name); }},
    {{"type", "STRING"},
     [](const ColumnRow& row) { return SqlValue(storage::full_type_name(row.column.type, row.column.parameters)); }},
    {{"indexed", "BOOLEAN"}, never},
    {{"indexBlockCapacity", "INT"}, zero},
    {{"symbolCached", "BOOLEAN"}, [](const ColumnRow& row) { return SqlValue(storage::is_symbol(row.column.type)); }},
    {{"symbolCapacity", "INT"}, zero},
    {{"symbolTableSize", "INT"}, [](const ColumnRow& row) { return count_value(row.symbols); }},
    {{"designated", "BOOLEAN"}, [](const ColumnRow& row) { return SqlValue(row.designated); }},
    {{"upsertKey", "BOOLEAN"}, [](const ColumnRow& row) { return SqlValue(row.upsert_key); }},
});
constexpr auto table_columns_declared = columns_of(table_columns_columns);

CallResult call_table_columns(TableProvider& source, const SqlValue& argument) {
  ASSIGN_OR_RETURN(const storage::TableSnapshot snapshot, open_named_table(source, argument));
  const Schema& schema = *snapshot.schema;
  std::vector<ColumnRow> rows;
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    ColumnRow& row = rows.emplace_back(ColumnRow{.column = schema.columns[i], .designated = i == schema.designated.value});
    row.upsert_key = std::ranges::find(schema.upsert_keys, row.column.id) != schema.upsert_keys.end();
    for (const LaneSnapshotRef& lane : snapshot.lanes) {
      for (const storage::DictionaryExtent& dictionary : lane->dictionaries) {
        if (dictionary.column == row.column.id) row.symbols += dictionary.count;
      }
    }
  }
  return rows_of(std::move(rows), table_columns_columns);
}

struct CreateRow {
  std::string ddl;
};

constexpr auto table_create_columns = std::to_array<RowColumn<CreateRow>>({
    {{"ddl", "STRING"}, [](const CreateRow& row) { return SqlValue(row.ddl); }},
});
constexpr auto table_create_declared = columns_of(table_create_columns);

CallResult call_table_create(TableProvider& source, const SqlValue& argument) {
  ASSIGN_OR_RETURN(const storage::TableSnapshot snapshot, open_named_table(source, argument));
  return rows_of(std::vector<CreateRow>{{.ddl = create_statement(*snapshot.schema)}}, table_create_columns);
}

struct PartitionRow {
  storage::SchemaRef schema;
  ManifestRef partition;
  int64_t index = 0;
  TimeSpan span;
};

uint64_t committed_size(const storage::PartitionManifest& partition) {
  uint64_t size = 0;
  for (const storage::Run& run : partition.runs) {
    for (const storage::RunColumn& column : run.columns) {
      for (const storage::CommittedFile& file : column.files) size += file.size;
    }
  }
  return size;
}

constexpr auto table_partitions_columns = std::to_array<RowColumn<PartitionRow>>({
    {{"index", "INT"}, [](const PartitionRow& row) { return SqlValue(row.index); }},
    {{"partitionBy", "STRING"},
     [](const PartitionRow& row) { return SqlValue(std::string(storage::partition_unit_name(row.schema->partition_unit))); }},
    {{"name", "STRING"},
     [](const PartitionRow& row) {
       return SqlValue(
           storage::partition_name(row.partition->key, row.schema->partition_unit, row.schema->designated_column().type));
     }},
    {{"minTimestamp", "TIMESTAMP"},
     [](const PartitionRow& row) { return timestamp_value(row.span.min, designated_unit(*row.schema)); }},
    {{"maxTimestamp", "TIMESTAMP"},
     [](const PartitionRow& row) { return timestamp_value(row.span.max, designated_unit(*row.schema)); }},
    {{"numRows", "LONG"}, [](const PartitionRow& row) { return count_value(row.partition->rows()); }},
    {{"diskSize", "LONG"}, [](const PartitionRow& row) { return count_value(committed_size(*row.partition)); }},
    {{"runs", "INT"}, [](const PartitionRow& row) { return count_value(row.partition->runs.size()); }},
});
constexpr auto table_partitions_declared = columns_of(table_partitions_columns);

CallResult call_table_partitions(TableProvider& source, const SqlValue& argument) {
  ASSIGN_OR_RETURN(const storage::TableSnapshot snapshot, open_named_table(source, argument));
  std::vector<PartitionRow> rows;
  for (const LaneSnapshotRef& lane : snapshot.lanes) {
    for (const ManifestRef& partition : lane->partitions) {
      if (partition->rows() == 0) continue;
      PartitionRow& row =
          rows.emplace_back(PartitionRow{.schema = snapshot.schema, .partition = partition, .index = std::ssize(rows)});
      row.span.add(*partition);
    }
  }
  return rows_of(std::move(rows), table_partitions_columns);
}

// connections()

constexpr auto connections_columns = std::to_array<RowColumn<ConnectionInfo>>({
    {{"id", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.id); }},
    {{"transport", "STRING"}, [](const ConnectionInfo& row) { return SqlValue(row.transport); }},
    {{"peer", "STRING"}, [](const ConnectionInfo& row) { return SqlValue(row.peer); }},
    {{"state", "STRING"}, [](const ConnectionInfo& row) { return SqlValue(row.open ? "open" : "closed"); }},
    {{"opened", "TIMESTAMP"},
     [](const ConnectionInfo& row) { return timestamp_value(row.opened.ns / 1000, engine::TimeUnit::us); }},
    {{"rows_received", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.rows_received()); }},
    {{"rows_durable", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.rows_durable); }},
    {{"rows_rejected", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.rows_rejected); }},
    {{"rows_repeated", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.rows_repeated); }},
    {{"rows_pending", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.rows_pending); }},
    {{"requests_repeated", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.requests_repeated); }},
    {{"bytes_received", "LONG"}, [](const ConnectionInfo& row) { return count_value(row.bytes_received); }},
});
constexpr auto connections_declared = columns_of(connections_columns);

CallResult call_connections(TableProvider& source, const SqlValue&) {
  ASSIGN_OR_RETURN(std::vector<ConnectionInfo> rows, source.list_connections());
  return rows_of(std::move(rows), connections_columns);
}

// long_sequence(n), build()

class Sequence final : public FunctionRows {
 public:
  explicit Sequence(uint64_t count) : count_(count) {}

  uint64_t count() const override { return count_; }
  SqlValue value(uint64_t row, size_t) const override { return static_cast<int64_t>(row + 1); }

 private:
  uint64_t count_;
};

constexpr std::array<FunctionColumn, 1> sequence_declared{{{"x", "LONG"}}};

CallResult call_long_sequence(TableProvider&, const SqlValue& argument) {
  const auto* count = std::get_if<int64_t>(&argument);
  if (count == nullptr) return engine::invalid_argument("long_sequence(n) takes a number");
  return std::make_unique<Sequence>(static_cast<uint64_t>(std::max<int64_t>(0, *count)));
}

struct BuildRow {
  std::string build;
};

constexpr auto build_columns = std::to_array<RowColumn<BuildRow>>({
    {{"build", "STRING"}, [](const BuildRow& row) { return SqlValue(row.build); }},
});
constexpr auto build_declared = columns_of(build_columns);

CallResult call_build(TableProvider&, const SqlValue&) {
  return rows_of(std::vector<BuildRow>{{.build = "Build Information: Millrace " + std::string(engine::version())}},
                 build_columns);
}

constexpr auto functions = std::to_array<TableFunction>({
    {.name = "build", .columns = build_declared, .call = call_build},
    {.name = "connections", .reads = FunctionReads::connections, .columns = connections_declared, .call = call_connections},
    {.name = "long_sequence", .takes_argument = true, .columns = sequence_declared, .call = call_long_sequence},
    {.name = "table_columns",
     .reads = FunctionReads::tables,
     .takes_argument = true,
     .columns = table_columns_declared,
     .call = call_table_columns},
    {.name = "table_create",
     .reads = FunctionReads::tables,
     .takes_argument = true,
     .columns = table_create_declared,
     .call = call_table_create},
    {.name = "table_partitions",
     .reads = FunctionReads::tables,
     .takes_argument = true,
     .columns = table_partitions_declared,
     .call = call_table_partitions},
    {.name = "tables", .reads = FunctionReads::tables, .columns = tables_declared, .call = call_tables},
    {.name = "wal_tables", .reads = FunctionReads::tables, .columns = wal_tables_declared, .call = call_wal_tables},
});

}  // namespace

std::span<const TableFunction> table_functions() { return functions; }

}  // namespace net
