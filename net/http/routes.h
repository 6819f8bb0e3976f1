// Which request is answered by whom: one table of methods and paths.
#pragma once

#include "net/http/exchange.h"

namespace net {

// Answers the request by the handler of its path, or refuses it.
void handle_request(const HttpRequest& request, HttpExchange& exchange);

}  // namespace net
