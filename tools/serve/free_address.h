// Finds out before anything is touched that an address cannot be listened on.
#pragma once

#include "engine/base/status.h"
#include "engine/io/backend.h"

namespace tools {

// `socket_type`: SOCK_STREAM or SOCK_DGRAM. The error names the address and the reason; already-exists: another process has it.
absl::Status check_address_is_free(engine::SocketAddress address, int socket_type);

}  // namespace tools
