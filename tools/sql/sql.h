// `millrace sql`: one query, on the files of a data directory or on a running server.
#pragma once

#include <memory>

#include "tools/cli/command.h"

namespace tools {

std::unique_ptr<Command> make_sql_command();

}  // namespace tools
