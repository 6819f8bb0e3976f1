#include "net/http/write_error.h"

#include <fmt/format.h>

#include <utility>

#include "engine/base/verify.h"
#include "net/http/json_text.h"

namespace net {

WriteError bad_line(uint64_t line, std::string detail) {
  VERIFY_GT(line, 0U);
  return {.status = 400, .code = "invalid", .detail = std::move(detail), .line = line};
}

WriteError oversized_line(uint64_t line, std::string detail) {
  VERIFY_GT(line, 0U);
  return {.status = 413, .code = "request too large", .detail = std::move(detail), .line = line};
}

WriteError unsupported_precision() { return {.status = 400, .code = "not supported", .detail = "unsupported precision"}; }

WriteError bad_body(const absl::Status& status) {
  const std::string detail(engine::message_of(status));
  if (absl::IsInvalidArgument(status)) return {.status = 400, .code = "invalid", .detail = detail};
  VERIFY(absl::IsDataLoss(status) || absl::IsUnimplemented(status));
  return {.status = 415, .code = "not supported", .detail = detail};
}

WriteError writes_not_accepted(std::string detail) {
  return {.status = 421, .code = "not accepting writes", .detail = std::move(detail)};
}

WriteError server_stops(std::string detail) { return {.status = 503, .code = "internal error", .detail = std::move(detail)}; }

WriteError oversized_key(size_t size_max) {
  return {.status = 400, .code = "invalid", .detail = fmt::format("Idempotency-Key: at most {} bytes", size_max)};
}

WriteError other_content_of_key() {
  return {.status = 422, .code = "invalid", .detail = "Idempotency-Key: the key came with another request before"};
}

WriteError repeated_too_early() {
  return {.status = 503, .code = "internal error", .detail = "the same request came before and has not ended: send it again"};
}

WriteError write_failed(std::string detail) { return {.status = 500, .code = "internal error", .detail = std::move(detail)}; }

std::string write_error_json(const WriteError& error, std::string_view error_id) {
  const std::string_view detail = cut_text(error.detail, error_detail_size_max);
  std::string text = "{\"code\":";
  append_json_text(text, error.code);
  text += ",\"message\":";
  if (error.line == 0) {
    append_json_text(text, detail);
  } else {
    append_json_text(text, fmt::format("failed to parse line protocol:errors encountered on line(s):\nerror in line {}: {}",
                                       error.line, detail));
    text += fmt::format(",\"line\":{}", error.line);
  }
  text += ",\"errorId\":";
  append_json_text(text, error_id);
  return text + "}";
}

std::string ErrorIds::next() { return fmt::format("{:012x}-{}", server_, ++count_); }

}  // namespace net
