// GET /settings.
#include <array>

#include "net/http/handlers.h"
#include "net/http/settings_text.h"
#include "net/line/name_rules.h"

namespace net {

void handle_settings(const HttpRequest&, const HttpClient& client) {
  constexpr std::array<uint32_t, 3> versions = {1, 2, 3};
  const HttpOptions& options = client.services.options;
  client.exchange.answer({.status = 200,
                          .content_type = "application/json; charset=utf-8",
                          .extra = {},
                          .body = settings_text({.http = true,
                                                 .tcp = options.offers_tcp,
                                                 .udp = options.offers_udp,
                                                 .pgwire = false,
                                                 .authenticates = !options.user.empty(),
                                                 .versions = versions,
                                                 .name_size_max = name_size_max})});
}

}  // namespace net
