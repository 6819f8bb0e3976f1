// Which request is answered by whom: one table of methods and paths.
#pragma once

#include <memory>

#include "net/http/handlers.h"

namespace net {

// Whoever takes the request's body and then answers. None: the request has no body, and was answered, or is being.
std::unique_ptr<BodyHandler> handle_request(const HttpRequest& request, const HttpClient& client);

// Likewise, when the server stops: nothing of it was looked at, and it may be sent again, to the next server.
std::unique_ptr<BodyHandler> refuse_late_request(const HttpRequest& request, const HttpClient& client);

// A refusal of a request whose body, if there is one, nobody reads.
std::unique_ptr<BodyHandler> refuse_request(HttpAnswer answer, const HttpClient& client);

}  // namespace net
