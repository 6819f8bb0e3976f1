#include "engine/base/status.h"

#include <cstring>
#include <string>

#include "engine/base/verify.h"

namespace engine {

absl::Status make_status(absl::StatusCode code, std::string_view message) {
  VERIFY(code != absl::StatusCode::kOk);
  return {code, {message.data(), message.size()}};
}

absl::Status errno_status(int error, std::string_view what) {
  VERIFY_GT(error, 0);
  std::string message(what);
  message += ": ";
  message += std::strerror(error);
  return make_status(absl::ErrnoToStatusCode(error), message);
}

}  // namespace engine
