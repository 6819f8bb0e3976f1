// The handlers that the table of routes names.
#pragma once

#include "net/http/exchange.h"

namespace net {

// GET /ping: that the server is there, as clients of InfluxDB ask it.
void handle_ping(const HttpRequest& request, HttpExchange& exchange);

// GET /exec?query=SQL[&limit=...]: the rows as JSON (net/query/exec_json.h).
void handle_exec(const HttpRequest& request, HttpExchange& exchange);

}  // namespace net
