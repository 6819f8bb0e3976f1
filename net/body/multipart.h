// Content-Type: multipart/form-data, multipart/mixed (RFC 2046): the contents of all parts, one behind the other. What the
// parts' own headers say is not asked; what stands before the first part and behind the last one is nothing.
//
//   --boundary CRLF  header CRLF ... CRLF  content  CRLF --boundary CRLF ... content CRLF --boundary--
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/body/decoder.h"

namespace net {

// The boundary that a content type names; nothing when it is no form. Empty: it is one, without a boundary that can be used.
std::optional<std::string> multipart_boundary(std::string_view content_type);

class MultipartDecoder final : public BodyDecoder {
 public:
  static constexpr size_t boundary_size_max = 70;
  static constexpr size_t header_size_max = size_t{16} * 1024;  // all headers of a part, and blanks behind a boundary

  // `boundary` is not empty, and has none but printable characters.
  explicit MultipartDecoder(std::string_view boundary);

  absl::StatusOr<std::string_view> decode(std::string_view& input) override;
  absl::Status finish() const override;

 private:
  enum class State : uint8_t { preamble, boundary_end, headers, content, epilogue };

  absl::Status take_byte(char byte);
  std::string_view take_content(std::string_view& input);
  size_t matching_size(std::string_view text) const;

  std::string delimiter_;  // with the line end before it, which the first one of a body may lack
  State state_ = State::preamble;
  size_t matched_;  // bytes at the front of the delimiter that are the last ones taken
  size_t header_size_ = 0;
  size_t line_size_ = 0;  // of a header, without its line end
  char last_ = 0;         // byte of a boundary's end, or of a header
};

}  // namespace net
