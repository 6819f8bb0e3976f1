// GET or POST /query.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "net/http/handlers.h"
#include "net/http/influx_text.h"
#include "net/http/text.h"

namespace net {

void handle_influx_query(const HttpRequest& request, const HttpClient& client) {
  const std::optional<std::vector<HttpParameter>> parameters = parse_parameters(request.query);
  if (!parameters) return client.exchange.answer(make_refusal(400, "/query: the parameters are not URL-encoded"));
  const auto statement = std::ranges::find(*parameters, "q", &HttpParameter::name);
  if (statement == parameters->end()) return client.exchange.answer(make_refusal(400, "/query needs a parameter: q=STATEMENT"));
  InfluxAnswer answer = answer_influx_query(statement->value);
  client.exchange.answer(
      {.status = answer.status, .content_type = "application/json", .extra = {}, .body = std::move(answer.body)});
}

}  // namespace net
