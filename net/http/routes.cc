#include "net/http/routes.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "net/auth/basic.h"

namespace net {
namespace {

// One of the two: a request that is its head, or one that brings a body.
struct HttpRoute {
  std::string_view method;
  std::string_view path;
  bool is_open = false;  // to who does not say who he is
  void (*handle)(const HttpRequest& request, const HttpClient& client) = nullptr;
  std::unique_ptr<BodyHandler> (*take)(const HttpRequest& request, const HttpClient& client) = nullptr;
  MakeWriteRefusal make_refusal = nullptr;  // of those that bring lines
};

constexpr auto routes = std::to_array<HttpRoute>({
    {.method = "GET", .path = "/exec", .handle = handle_exec},
    {.method = "GET", .path = "/exp", .handle = handle_exp},
    {.method = "GET", .path = "/ping", .is_open = true, .handle = handle_ping},
    {.method = "GET", .path = "/settings", .is_open = true, .handle = handle_settings},
    {.method = "GET", .path = "/query", .handle = handle_influx_query},
    {.method = "POST", .path = "/query", .handle = handle_influx_query},
    {.method = "POST", .path = "/write", .take = take_write, .make_refusal = make_write_refusal},
    {.method = "POST", .path = "/api/v2/write", .take = take_write, .make_refusal = make_write_refusal},
    {.method = "POST", .path = "/api/v3/write_lp", .take = take_v3_write, .make_refusal = make_v3_write_refusal},
});

HttpAnswer make_method_refusal(const HttpRequest& request, std::string_view allowed) {
  HttpAnswer answer = make_refusal(405, "Method " + std::string(request.method) + " not supported");
  answer.extra = "Allow: " + std::string(allowed) + "\r\n";
  return answer;
}

HttpAnswer make_stranger_refusal() {
  HttpAnswer answer = make_refusal(401, "Unauthorized");
  answer.extra = "WWW-Authenticate: Basic realm=\"millrace\", charset=\"UTF-8\"\r\n";
  return answer;
}

// Reads the body to its end first: a client that is still sending does not look for an answer, and the next request begins
// behind it.
class Refusal final : public BodyHandler {
 public:
  Refusal(HttpAnswer answer, HttpExchange& exchange) : answer_(std::move(answer)), exchange_(exchange) {}

  Outcome on_body(std::string_view& piece) override {
    piece = {};
    return Outcome::consumed;
  }

  Outcome on_end() override {
    exchange_.answer(std::move(answer_));
    return Outcome::consumed;
  }

  void abandon() override {}
  bool is_waiting() const override { return false; }

 private:
  HttpAnswer answer_;
  HttpExchange& exchange_;
};

// An unknown path is 404 to GET alone, as QuestDB has it: of a POST its clients take 405 for a server without such writes, and
// 404 for one of several servers that is not ready.
HttpAnswer refusal_of(const HttpRequest& request) {
  const auto has_path = [&](const HttpRoute& route) { return route.path == request.path; };
  const auto known = std::ranges::find_if(routes, has_path);
  const std::string_view allowed = known == routes.end() ? "GET" : known->method;
  return request.method == allowed ? make_refusal(404, "Not Found") : make_method_refusal(request, allowed);
}

const HttpRoute* find_route(const HttpRequest& request) {
  const auto route = std::ranges::find_if(
      routes, [&](const HttpRoute& each) { return each.path == request.path && each.method == request.method; });
  return route == routes.end() ? nullptr : &*route;
}

}  // namespace

std::unique_ptr<BodyHandler> refuse_request(HttpAnswer answer, const HttpClient& client) {
  return std::make_unique<Refusal>(std::move(answer), client.exchange);
}

std::unique_ptr<BodyHandler> refuse_late_request(const HttpRequest& request, const HttpClient& client) {
  constexpr std::string_view reason = "The server is stopping: send the request again";
  HttpAnswer answer = make_busy_refusal(reason);
  const HttpRoute* const route = find_route(request);
  if (route != nullptr && route->make_refusal != nullptr) {
    const std::string extra = std::exchange(answer.extra, {});
    answer = route->make_refusal(server_stops(std::string(reason)), client.services);
    answer.extra = extra;
  }
  return refuse_request(std::move(answer), client);
}

std::unique_ptr<BodyHandler> handle_request(const HttpRequest& request, const HttpClient& client) {
  const HttpRoute* const route = find_route(request);
  const HttpOptions& options = client.services.options;
  const bool is_known = route != nullptr && (options.takes_lines || route->take == nullptr);
  const bool is_allowed = options.user.empty() || (is_known && route->is_open) ||
                          allows_basic(request.authorization, options.user, options.password);
  if (!is_allowed) return refuse_request(make_stranger_refusal(), client);
  if (request.method == "GET" && request.has_body()) {
    return refuse_request(make_refusal(400, "GET request method cannot have content"), client);
  }
  if (!is_known) return refuse_request(refusal_of(request), client);
  if (route->take != nullptr) {
    if (request.has_body_size) return route->take(request, client);
    return refuse_request(make_refusal(400, "Content-length not specified for POST/PUT request"), client);
  }
  if (request.has_body()) {
    return refuse_request(make_refusal(400, "The statement belongs into the parameter q"), client);
  }
  route->handle(request, client);
  return nullptr;
}

}  // namespace net
