// GET /ping.
#include "net/http/handlers.h"

namespace net {

void handle_ping(const HttpRequest&, const HttpClient& client) {
  const std::string& version = client.services.options.ping_version;
  client.exchange.answer({.status = 204, .content_type = {}, .extra = "X-Influxdb-Version: " + version + "\r\n", .body = {}});
}

}  // namespace net
