#include "net/http/exchange.h"

namespace net {

HttpAnswer make_refusal(uint16_t status, std::string_view text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .extra = {}, .body = std::string(text) + "\r\n"};
}

}  // namespace net
