#include "net/ingest/warning.h"

#include <spdlog/spdlog.h>

namespace net {

void log_warning(std::string_view text) { spdlog::warn("{}", text); }

}  // namespace net
