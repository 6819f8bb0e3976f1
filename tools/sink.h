// `millrace sink`: receives rows and forgets them (net/discard_sink.h), and says how fast that went.
#pragma once

#include <memory>

#include "tools/command.h"

namespace tools {

std::unique_ptr<Command> make_sink_command();

}  // namespace tools
