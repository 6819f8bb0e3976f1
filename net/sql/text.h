// What Millrace understands of SQL itself: QuestDB's shorthand, turned into a text for SQLite. Nothing here knows tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"

namespace net {

struct SqlToken {
  enum class Kind : uint8_t { word, quoted, number, mark };

  Kind kind{};
  size_t offset = 0;     // in the query, bytes
  std::string_view raw;  // as written
  std::string text;      // quoted: without the quotes; otherwise as `raw`

  // Keywords compare in any case.
  bool is_word(std::string_view keyword) const;
  bool is_mark(char mark) const { return kind == Kind::mark && raw.front() == mark; }
};

// Without white space and comments. A quote that is not closed reaches to the end. `query` outlives the tokens.
std::vector<SqlToken> tokenize_sql(std::string_view query);

struct TranslatedQuery {
  std::string sql;
  size_t prefix_size = 0;                // bytes put in front: offset in `sql` - prefix_size = offset in the query
  std::vector<std::string> table_names;  // words and quoted texts that may name a table, each once

  size_t query_offset(size_t sql_offset) const { return sql_offset > prefix_size ? sql_offset - prefix_size : 0; }
};

// Accepted beside SQLite's SELECT, WITH, VALUES and EXPLAIN: `t`, `'t'` and `t WHERE ...` for SELECT * FROM t; SHOW TABLES;
// SHOW COLUMNS FROM t, SHOW PARTITIONS FROM t, SHOW CREATE TABLE t; SELECT build; count_distinct(x). Anything that is not a
// query is refused here, in words that say so.
absl::StatusOr<TranslatedQuery> translate_query(std::string_view query, const std::vector<SqlToken>& tokens);

// `name` with the words that translate_query put in the place of count_distinct(.
std::string restore_count_distinct(std::string name);

// The byte in the query at which `table` stands: behind FROM or JOIN, or else where it is first mentioned; 0 when it is not.
size_t find_table_offset(const std::vector<SqlToken>& tokens, std::string_view table);

}  // namespace net
