// `millrace load`: sends generated rows to a server and checks that they can be read back. Exit code 0: all is there; 1: a
// mismatch, or the server went away; 2: usage, or nothing could be sent.
#pragma once

#include <memory>

#include "tools/cli/command.h"

namespace tools {

std::unique_ptr<Command> make_load_command();

}  // namespace tools
