// Requests out of the bytes of a connection, one after the other, by Boost.Beast's parser, which nobody else sees.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace net {

// Valid until the next request is begun.
struct HttpRequest {
  std::string_view method;  // "GET"
  std::string_view path;    // as sent
  std::string_view query;   // behind '?'
  std::string_view body;
  bool keep_alive = true;
};

class RequestReader {
 public:
  static constexpr uint32_t head_size_max = 64 * 1024;  // request line and headers; a query travels in the request line
  static constexpr uint64_t body_size_max = 64 * 1024;

  enum class Progress : uint8_t { incomplete, complete, refused };

  RequestReader();
  ~RequestReader();

  void begin();

  // Takes bytes from the front of `input`; what follows a complete request stays there.
  Progress read(std::string& input);

  bool has_begun() const;  // some of the request is here
  bool is_complete() const;

  HttpRequest request() const;  // requires is_complete()

  // Why it was refused, as an HTTP status and a sentence. Where the next request begins is not known then.
  uint16_t refusal_status() const { return refusal_status_; }
  const std::string& refusal() const { return refusal_; }

 private:
  Progress refuse(uint16_t status, std::string text);

  struct Parser;
  std::unique_ptr<Parser> parser_;
  uint16_t refusal_status_ = 0;
  std::string refusal_;
};

}  // namespace net
