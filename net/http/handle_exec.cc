// GET /exec.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "net/ddl/parser.h"
#include "net/http/ddl_answer.h"
#include "net/http/handlers.h"
#include "net/http/text.h"

namespace net {
namespace {

// Parameters of QuestDB that change its answer, and that are not served: nobody shall take our answer for that.
constexpr std::array<std::string_view, 8> unserved{"cols", "count", "explain", "fmt", "nm", "quoteLargeNum", "src", "timings"};

bool is_repeated(const std::vector<HttpParameter>& parameters, std::string_view name) {
  return std::ranges::count(parameters, name, &HttpParameter::name) > 1;
}

std::string why_unserved(const std::vector<HttpParameter>& parameters) {
  for (const HttpParameter& parameter : parameters) {
    if (std::ranges::find(unserved, parameter.name) == unserved.end() || parameter.value == "false") continue;
    return "/exec does not serve the parameter " + parameter.name + ": leave it out";
  }
  for (const std::string_view name : {"query", "limit"}) {
    if (is_repeated(parameters, name)) return "/exec takes the parameter " + std::string(name) + " once";
  }
  return {};
}

}  // namespace

void handle_exec(const HttpRequest& request, const HttpClient& client) {
  HttpExchange& exchange = client.exchange;
  std::optional<std::vector<HttpParameter>> parameters = parse_parameters(request.query);
  if (!parameters) return exchange.answer(make_refusal(400, "/exec: the parameters are not URL-encoded"));
  if (const std::string reason = why_unserved(*parameters); !reason.empty()) return exchange.answer(make_refusal(400, reason));
  const auto query = std::ranges::find(*parameters, "query", &HttpParameter::name);
  if (query == parameters->end()) {
    return exchange.answer(make_refusal(400, "/exec needs a parameter: query=SQL, URL-encoded"));
  }
  RowRange rows;
  if (const auto limit = std::ranges::find(*parameters, "limit", &HttpParameter::name); limit != parameters->end()) {
    const std::optional<RowRange> range = parse_row_range(limit->value);
    if (!range) {
      return exchange.answer(make_refusal(400, "/exec: limit is a number of rows, or the first and the last row: limit=2,4"));
    }
    rows = *range;
  }
  ParsedDdl parsed = parse_ddl(query->value);
  if (const auto* error = std::get_if<DdlError>(&parsed)) return exchange.answer(make_ddl_answer(query->value, *error));
  if (auto* statement = std::get_if<DdlStatement>(&parsed)) {
    return exchange.answer_ddl(std::move(query->value), std::move(*statement));
  }
  exchange.answer_query({.text = std::move(query->value), .rows = rows, .form = {}, .extra = {}});
}

}  // namespace net
