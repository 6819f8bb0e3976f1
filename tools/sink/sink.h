// `millrace sink`: receives rows and forgets them (tools/sink/discard_sink.h), and says how fast that went.
#pragma once

#include <memory>

#include "tools/cli/command.h"

namespace tools {

std::unique_ptr<Command> make_sink_command();

}  // namespace tools
