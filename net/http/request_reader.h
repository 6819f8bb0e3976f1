// Requests out of the bytes of a connection, one after the other: the head by Boost.Beast's parser, which nobody else sees, and
// a body of chunks, too; the bytes of a body whose size is known are where they came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace net {

// The head. Valid until the next request is begun.
struct HttpRequest {
  std::string_view method;  // "GET"
  std::string_view path;    // as sent
  std::string_view query;   // behind '?'
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view authorization;
  std::string_view idempotency_key;
  bool has_body_size = false;  // its body has a length, which may be 0, or comes in chunks
  bool is_chunked = false;
  uint64_t content_length = 0;  // of a body that is not
  bool keep_alive = true;

  bool has_body() const { return is_chunked || content_length != 0; }
};

class RequestReader {
 public:
  static constexpr uint32_t head_size_max = 64 * 1024;  // request line and headers; a query travels in the request line

  RequestReader();
  ~RequestReader();

  void begin();

  enum class HeadProgress : uint8_t { incomplete, complete, refused };

  // Takes bytes from the front of `input`; what follows a complete head stays there.
  HeadProgress read_head(std::string_view& input);

  bool has_begun() const;  // some of the request is here

  // After the head.
  HttpRequest request() const;

  enum class BodyProgress : uint8_t { incomplete, piece, complete, refused };

  // Takes bytes from the front of `input`. `piece` is a part of it, or of memory that is valid until the next call.
  BodyProgress read_body(std::string_view& input, std::string_view& piece);

  // Bytes of the body that have not come, as far as that is known.
  uint64_t body_left() const { return body_left_; }

  // Why it was refused, as an HTTP status and a sentence. Where the next request begins is not known then.
  uint16_t refusal_status() const { return refusal_status_; }
  const std::string& refusal() const { return refusal_; }

 private:
  void refuse(uint16_t status, std::string text);
  BodyProgress read_chunks(std::string_view& input, std::string_view& piece);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  uint64_t body_left_ = 0;  // of a body that is not chunked
  uint16_t refusal_status_ = 0;
  std::string refusal_;
};

}  // namespace net
