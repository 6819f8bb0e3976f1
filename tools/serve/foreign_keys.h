// Keys of QuestDB's that are no settings here. Those that would change what data means, where it lies or who may send it end
// the start, unless their value asks for what happens anyway; all others tune something that is not here.
#pragma once

#include <string_view>

#include "engine/base/status.h"

namespace tools {

enum class ForeignKey : uint8_t { ignored, harmless, unknown };

// `name`: a key, or the name of a variable. invalid-argument: its wish is not granted; the message is what to do about it.
absl::StatusOr<ForeignKey> judge_foreign_key(std::string_view name, std::string_view value);

}  // namespace tools
