#include "net/http/routes.h"

#include <algorithm>
#include <array>

#include "net/http/handlers.h"

namespace net {
namespace {

struct HttpRoute {
  std::string_view method;
  std::string_view path;
  void (*handle)(const HttpRequest& request, HttpExchange& exchange);
};

constexpr auto routes = std::to_array<HttpRoute>({
    {.method = "GET", .path = "/exec", .handle = handle_exec},
    {.method = "GET", .path = "/ping", .handle = handle_ping},
});

HttpAnswer make_method_refusal(const HttpRequest& request, std::string_view allowed) {
  HttpAnswer answer = make_refusal(405, "Method " + std::string(request.method) + " not supported");
  answer.extra = "Allow: " + std::string(allowed) + "\r\n";
  return answer;
}

}  // namespace

void handle_request(const HttpRequest& request, HttpExchange& exchange) {
  const auto route = std::ranges::find(routes, request.path, &HttpRoute::path);
  const bool is_known = route != routes.end();
  // An unknown path is 404 to GET alone, as QuestDB has it: of a POST its clients take 405 for a server without such writes,
  // and 404 for one of several servers that is not ready.
  const std::string_view allowed = is_known ? route->method : "GET";
  if (request.method != allowed) return exchange.answer(make_method_refusal(request, allowed));
  if (!is_known) return exchange.answer(make_refusal(404, "Not Found"));
  if (request.method == "GET" && !request.body.empty()) {
    return exchange.answer(make_refusal(400, "GET request method cannot have content"));
  }
  route->handle(request, exchange);
}

}  // namespace net
