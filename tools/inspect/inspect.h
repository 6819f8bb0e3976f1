// `millrace inspect`: shows what stands in a file of a data directory, or in all of it. Changes nothing, takes no lock.
#pragma once

#include <memory>

#include "tools/cli/command.h"

namespace tools {

std::unique_ptr<Command> make_inspect_command();

}  // namespace tools
