// Holds a parsed line against the columns of its table: which cell goes where, what has to be created first, or why the line
// cannot be a row. The whole line is judged before anything of it is stored, so a bad line leaves no trace.
//
// Of columns that the line names twice, in any case, the first counts and the others are ignored unread. A value becomes one of
// its column's type, if it fits (casts.h); an empty value is null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "net/judge/casts.h"
#include "net/judge/column_lookup.h"
#include "net/judge/default_types.h"
#include "net/judge/judged_cell.h"
#include "net/line/error.h"
#include "net/line/parsed_line.h"
#include "storage/schema/column_type.h"
#include "storage/schema/full_type.h"
#include "storage/schema/schema.h"

namespace net {

enum class Judgement : uint8_t {
  row,            // row() is valid
  needs_columns,  // column_wishes() is valid: have them added, then judge the line again
  needs_table,    // table_wish() is valid: likewise
  rejected,       // rejection() is valid
};

// Views and spans hold until the judge or the parser is called again.
struct JudgedRow {
  std::span<const JudgedCell> cells;  // no column twice
  bool has_timestamp = false;         // false: the row gets the server's clock
  int64_t timestamp = 0;              // designated, in the column's unit
};

struct LineRejection {
  LineError error = LineError::none;
  std::string_view table;       // as sent
  std::string_view column;      // as sent; empty for the trailing timestamp
  LineValue value;              // as sent
  storage::FullType full_type;  // of the column
};

// Belongs to one thread, which may use it for any number of streams and tables. Allocates nothing per row once it has met a
// table's columns in the spelling of its senders.
class RowJudge {
 public:
  explicit RowJudge(uint64_t hash_seed, DefaultTypes default_types = {})
      : hash_seed_(hash_seed), default_types_(default_types) {}

  // `schema` is null when there is no such table. `default_unit` is that of a trailing timestamp without a suffix.
  Judgement judge(const ParsedLine& line, const storage::Schema* schema, engine::TimeUnit default_unit = engine::TimeUnit::ns);

  const JudgedRow& row() const { return row_; }
  std::span<const storage::ColumnWish> column_wishes() const { return wish_.columns; }
  const storage::TableWish& table_wish() const { return wish_; }  // the partition unit is the caller's to set
  const LineRejection& rejection() const { return rejection_; }

 private:
  // What is kept per table.
  struct Table {
    explicit Table(uint64_t hash_seed) : lookup(hash_seed) {}

    ColumnLookup lookup;
    std::vector<uint64_t> last_used;  // by ColumnIndex: serial of the line that named it last
  };

  Table& table(const storage::Schema& schema);
  Judgement judge_row(const ParsedLine& line, const storage::Schema& schema);
  Judgement judge_new_table(const ParsedLine& line);
  bool judge_trailing_timestamp(const ParsedLine& line, storage::ColumnType type);
  bool judge_designated_field(const LineEntity& entity, storage::ColumnType type);
  bool judge_cell(const LineEntity& entity, storage::ColumnIndex index, const storage::Column& column);
  bool wish_for(const LineEntity& entity, size_t columns_before);
  storage::FullType type_of_new_column(const LineValue& value) const;
  bool reject_cast(CastResult result, const LineEntity& entity, const storage::Column& column);
  bool reject(LineError error, const LineEntity& entity, storage::FullType type = {});

  const uint64_t hash_seed_;
  const DefaultTypes default_types_;
  absl::flat_hash_map<storage::TableId, std::unique_ptr<Table>> tables_;
  Table* last_table_ = nullptr;  // of last_table_id_
  storage::TableId last_table_id_;
  uint64_t serial_ = 0;  // of the line

  engine::TimeUnit default_unit_ = engine::TimeUnit::ns;
  std::vector<JudgedCell> cells_;
  CastRoom cast_room_;
  std::string_view table_name_;  // of the line
  JudgedRow row_;
  storage::TableWish wish_;                      // `columns` serves column_wishes() too
  absl::flat_hash_set<std::string> wish_names_;  // folded
  LineRejection rejection_;
};

}  // namespace net
