#include "net/http/ddl_answer.h"

#include <variant>

#include "engine/base/utf8.h"
#include "net/http/json_text.h"
#include "net/ingest/warning.h"
#include "net/query/exec_json.h"

namespace net {
namespace {

constexpr size_t logged_query_size_max = 200;

size_t characters_before(std::string_view query, size_t position) {
  const std::string_view front = query.substr(0, position);
  return engine::is_valid_utf8(front) ? engine::utf16_size(front) : front.size();
}

}  // namespace

std::string_view ddl_notice(const DdlStatement& statement) {
  const auto* const create = std::get_if<CreateTable>(&statement);
  if (create == nullptr || !create->bypasses_wal) return {};
  return "BYPASS WAL is ignored: the rows of every table go through the write-ahead log";
}

HttpAnswer make_ddl_answer(std::string_view query, const std::optional<DdlError>& error, std::string_view notice) {
  HttpAnswer answer{.content_type = "application/json; charset=utf-8", .extra = {}, .body = "{\"ddl\":\"OK\"}"};
  answer.says_keep_alive = true;
  if (!error && !notice.empty()) {
    answer.body = "{\"ddl\":\"OK\",\"notice\":";
    append_json_text(answer.body, notice);
    answer.body += '}';
    std::string said = std::string(notice) + ": ";
    append_json_text(said, cut_text(query, logged_query_size_max));
    log_warning(said);
  }
  if (!error) return answer;
  answer.status = 400;
  answer.body = make_error_json(query, error->message, characters_before(query, error->position));
  return answer;
}

}  // namespace net
