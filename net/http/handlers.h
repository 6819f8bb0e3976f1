// The handlers that the table of routes names.
#pragma once

#include <memory>

#include "net/http/exchange.h"
#include "net/http/options.h"
#include "net/http/write_error.h"
#include "net/ingest/line_ingest.h"

namespace net {

// What handlers have of their shard. Each refers to what outlives all requests.
struct HttpServices {
  IngestContext& ingest;
  const HttpOptions& options;
  ErrorIds& error_ids;
};

// What a connection is to its handlers.
struct HttpClient {
  HttpExchange& exchange;
  HttpServices& services;
  engine::SocketAddress peer;
  SenderRecord*& record;  // of the rows that it sends; none before the first one
};

// GET /ping: that the server is there, as clients of InfluxDB ask it.
void handle_ping(const HttpRequest& request, const HttpClient& client);

// GET /settings: what clients of QuestDB may use (settings_text.h).
void handle_settings(const HttpRequest& request, const HttpClient& client);

// GET or POST /query: what clients of InfluxDB 1 ask before they write (influx_text.h).
void handle_influx_query(const HttpRequest& request, const HttpClient& client);

// GET /exec?query=SQL[&limit=...]: the rows as JSON (net/query/exec_json.h).
void handle_exec(const HttpRequest& request, const HttpClient& client);

// GET /exp?query=SQL[&limit=...&nm=...&delimiter=...&filename=...&timeout=...]: the rows as CSV (net/query/exp_csv.h).
void handle_exp(const HttpRequest& request, const HttpClient& client);

// POST /write[?precision=...], /api/v2/write: lines, all of which are durable when 204 is answered, or none is stored.
std::unique_ptr<BodyHandler> take_write(const HttpRequest& request, const HttpClient& client);

// How each of them is told why its rows are not stored.
using MakeWriteRefusal = HttpAnswer (*)(const WriteError& error, HttpServices& services);
HttpAnswer make_write_refusal(const WriteError& error, HttpServices& services);
HttpAnswer make_v3_write_refusal(const WriteError& error, HttpServices& services);

// POST /api/v3/write_lp?db=...[&precision=...][&accept_partial=...]: the lines that are good, or all or none. Answers as
// InfluxDB 3 does (influx_text.h).
std::unique_ptr<BodyHandler> take_v3_write(const HttpRequest& request, const HttpClient& client);

}  // namespace net
