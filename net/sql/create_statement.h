// A table as the statement that makes one like it: what SHOW CREATE TABLE answers.
#pragma once

#include <string>

#include "storage/schema/schema.h"

namespace net {

// As QuestDB writes it, line for line.
std::string create_statement(const storage::Schema& schema);

}  // namespace net
