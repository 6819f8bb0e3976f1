// GET /ping.
#include "net/http/handlers.h"

namespace net {

void handle_ping(const HttpRequest&, const HttpClient& client) {
  client.exchange.answer({.status = 204, .content_type = {}, .extra = "X-Influxdb-Version: v2.7.4\r\n", .body = {}});
}

}  // namespace net
