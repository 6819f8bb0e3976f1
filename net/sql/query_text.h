// The text of one query, what SQLite is given of it, and where in the text something stands that SQLite speaks of.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/status.h"
#include "net/sql/text.h"

namespace net {

class QueryText {
 public:
  explicit QueryText(std::string text);
  QueryText(const QueryText&) = delete;
  QueryText& operator=(const QueryText&) = delete;

  const std::string& text() const { return text_; }

  // Why there is nothing to be given to SQLite; ok when there is.
  const absl::Status& status() const { return status_; }

  const std::string& sql() const { return translated_.sql; }

  // Tables that it may name, each once, and table functions that it may call.
  const std::vector<std::string>& table_names() const { return translated_.table_names; }
  bool may_call(std::string_view function) const { return words_.contains(function); }

  // What SQLite calls a column after the text that computes it, in the words of the query.
  std::string column_name(std::string name) const;

  // Where in the text.
  size_t offset_of_sql(size_t sql_offset) const { return translated_.query_offset(sql_offset); }
  size_t offset_of_table(std::string_view table) const { return find_table_offset(tokens_, table); }

  // Of what follows the statement that ends there in sql(), semicolons apart; nothing when nothing does.
  std::optional<size_t> offset_behind(size_t sql_end) const;

 private:
  absl::Status translate();

  std::string text_;
  std::vector<SqlToken> tokens_;
  TranslatedQuery translated_;
  std::set<std::string, std::less<>> words_;  // of sql(), folded
  absl::Status status_;
};

}  // namespace net
