#include "tests/node/http_writer.h"

#include <charconv>

#include "tests/node/http_query.h"

namespace sim {
namespace {

std::string in_chunks(std::string_view body, size_t chunk_size) {
  std::string text;
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, chunk_size);
    body.remove_prefix(chunk.size());
    char size[16];
    const auto end = std::to_chars(size, size + sizeof(size), chunk.size(), 16).ptr;
    text.append(size, end).append("\r\n").append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

}  // namespace

void HttpWriter::send(WriteRequest request, size_t chunk_size) {
  const bool is_chunked = chunk_size != 0;
  const std::string& body = request.body;
  std::string text = "POST /write HTTP/1.1\r\nHost: sim\r\n";
  if (!request.key.empty()) text += "Idempotency-Key: " + request.key + "\r\n";
  text += is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  text += is_chunked ? in_chunks(body, chunk_size) : std::string(body);
  if (request.is_whole) {
    client_.send(text);
  } else {
    client_.send(std::string_view(text).substr(0, text.size() - 1 - body.size() / 3));
    client_.half_close();
  }
  request_ = std::move(request);
}

std::optional<std::pair<WriteRequest, std::optional<int>>> HttpWriter::take_answer() {
  const std::string& received = client_.received();
  const size_t head_end = received.find("\r\n\r\n");
  const bool has_head = head_end != std::string::npos;
  int status = 0;
  if (has_head) std::from_chars(received.data() + received.find(' ') + 1, received.data() + received.size(), status);
  const bool is_whole = has_head && (status == 204 || chunked_content(received).has_value());
  if (!is_whole && is_open()) return std::nullopt;
  std::optional<int> answer;
  if (is_whole) answer = status;
  client_.take_received();
  return std::pair{*std::exchange(request_, std::nullopt), answer};
}

}  // namespace sim
