// Where lines for the operator go: the one file that knows the logger, whose header takes longer to compile than all others.
#pragma once

#include <string_view>

namespace net {

// A line of the server's log. Any thread.
void log_warning(std::string_view text);

}  // namespace net
