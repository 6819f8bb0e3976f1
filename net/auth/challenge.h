// The text that a sender has to sign, so that nobody gets in by what somebody else once sent.
#pragma once

#include <cstddef>
#include <string>

#include "engine/io/backend.h"

namespace net {

inline constexpr size_t challenge_size = 512;

// Printable ASCII, each character as likely as every other. What the backend's generator made cannot be told from it.
std::string make_challenge(engine::IoBackend& backend);

}  // namespace net
