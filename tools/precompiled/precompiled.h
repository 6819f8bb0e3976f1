// As engine/precompiled/precompiled.h, with what most tools include beside.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/precompiled/precompiled.h"
