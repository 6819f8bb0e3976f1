// absl::Status with std::string_view messages. Debian 12's abseil is a C++14 build whose absl::string_view is a type of its
// own, newer ones alias std::string_view; code that goes through these functions compiles against both.
//
// A message says what was attempted, on which file and offset, what was expected and what was found.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace engine {

absl::Status make_status(absl::StatusCode code, std::string_view message);

inline absl::Status data_loss(std::string_view message) { return make_status(absl::StatusCode::kDataLoss, message); }
inline absl::Status invalid_argument(std::string_view message) {
  return make_status(absl::StatusCode::kInvalidArgument, message);
}
inline absl::Status not_found(std::string_view message) { return make_status(absl::StatusCode::kNotFound, message); }
inline absl::Status already_exists(std::string_view message) { return make_status(absl::StatusCode::kAlreadyExists, message); }
inline absl::Status resource_exhausted(std::string_view message) {
  return make_status(absl::StatusCode::kResourceExhausted, message);
}
inline absl::Status failed_precondition(std::string_view message) {
  return make_status(absl::StatusCode::kFailedPrecondition, message);
}
inline absl::Status unavailable(std::string_view message) { return make_status(absl::StatusCode::kUnavailable, message); }

// `what` names the operation and the file; the text of the errno is appended. error > 0.
absl::Status errno_status(int error, std::string_view what);

// The message of a status as a std type.
inline std::string_view message_of(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

}  // namespace engine

#define RETURN_IF_ERROR(expression)                                                        \
  do {                                                                                     \
    if (absl::Status status_or_ok = (expression); !status_or_ok.ok()) return status_or_ok; \
  } while (false)

#define MILLRACE_CONCAT_INNER(a, b) a##b
#define MILLRACE_CONCAT(a, b) MILLRACE_CONCAT_INNER(a, b)
#define ASSIGN_OR_RETURN(target, expression) \
  MILLRACE_ASSIGN_OR_RETURN(MILLRACE_CONCAT(status_or_, __LINE__), target, expression)
#define MILLRACE_ASSIGN_OR_RETURN(temporary, target, expression) \
  auto temporary = (expression);                                 \
  if (!temporary.ok()) return temporary.status();                \
  target = *std::move(temporary)
