#include "net/http/ddl_answer.h"

#include "engine/base/utf8.h"
#include "net/query/exec_json.h"

namespace net {
namespace {

size_t characters_before(std::string_view query, size_t position) {
  const std::string_view front = query.substr(0, position);
  return engine::is_valid_utf8(front) ? engine::utf16_size(front) : front.size();
}

}  // namespace

HttpAnswer make_ddl_answer(std::string_view query, const std::optional<DdlError>& error) {
  HttpAnswer answer{.content_type = "application/json; charset=utf-8", .extra = {}, .body = "{\"ddl\":\"OK\"}"};
  answer.says_keep_alive = true;
  if (!error) return answer;
  answer.status = 400;
  answer.body = make_error_json(query, error->message, characters_before(query, error->position));
  return answer;
}

}  // namespace net
