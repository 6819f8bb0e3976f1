// What this build is. Apart, so that a new version compiles one file, and no flag of a compiler knows it.
#pragma once

#include <string_view>

namespace engine {

std::string_view version();  // 0.1.0

}  // namespace engine
