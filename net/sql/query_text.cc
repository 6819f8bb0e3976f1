#include "net/sql/query_text.h"

#include <utility>

#include "net/sql/query_limits.h"
#include "storage/schema/schema.h"

namespace net {

QueryText::QueryText(std::string text) : text_(std::move(text)) { status_ = translate(); }

absl::Status QueryText::translate() {
  if (text_.size() > query_size_max) {
    return engine::resource_exhausted("a query is at most " + std::to_string(query_size_max) + " bytes long");
  }
  tokens_ = tokenize_sql(text_);
  ASSIGN_OR_RETURN(translated_, translate_query(text_, tokens_));
  for (const SqlToken& token : tokenize_sql(translated_.sql)) words_.insert(storage::fold_name(token.text));
  return absl::OkStatus();
}

std::string QueryText::column_name(std::string name) const {
  const bool has_other_words = translated_.sql != text_;
  return has_other_words ? restore_count_distinct(std::move(name)) : name;
}

std::optional<size_t> QueryText::offset_behind(size_t sql_end) const {
  for (const SqlToken& token : tokenize_sql(std::string_view(translated_.sql).substr(sql_end))) {
    if (!token.is_mark(';')) return offset_of_sql(sql_end + token.offset);
  }
  return std::nullopt;
}

}  // namespace net
