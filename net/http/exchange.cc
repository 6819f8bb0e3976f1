#include "net/http/exchange.h"

namespace net {

HttpAnswer make_refusal(uint16_t status, std::string_view text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .extra = {}, .body = std::string(text) + "\r\n"};
}

HttpAnswer make_busy_refusal(std::string_view text) {
  HttpAnswer answer = make_refusal(503, text);
  answer.extra = "Retry-After: 1\r\n";
  return answer;
}

}  // namespace net
