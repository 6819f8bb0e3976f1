// HTTP Basic authentication (RFC 7617).
#pragma once

#include <string_view>

namespace net {

// Whether the value of an Authorization header names this user and password. Takes the same time whatever it names.
bool allows_basic(std::string_view authorization, std::string_view user, std::string_view password);

}  // namespace net
