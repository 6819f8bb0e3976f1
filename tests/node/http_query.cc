#include "tests/node/http_query.h"

#include <charconv>

namespace sim {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

}  // namespace

std::optional<std::string> chunked_content(std::string_view answer) {
  const size_t head_size = answer.find(head_end);
  if (head_size == std::string_view::npos || answer.substr(0, head_size).find("chunked") == std::string_view::npos) return {};
  std::string_view rest = answer.substr(head_size + head_end.size());
  std::string content;
  while (true) {
    size_t size = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size, 16);
    if (error != std::errc{}) return {};
    rest.remove_prefix(static_cast<size_t>(end - rest.data()));
    if (!rest.starts_with(line_end) || rest.size() < size + 2 * line_end.size()) return {};
    if (size == 0) return content;
    content += rest.substr(line_end.size(), size);
    rest.remove_prefix(size + 2 * line_end.size());
  }
}

HttpQuery::HttpQuery(SimNet& net, uint16_t port, std::string table) : table_(std::move(table)), client_(net.connect(port)) {
  client_.send("GET /exec?query=SELECT%20id%20FROM%20" + table_ + " HTTP/1.1\r\nHost: sim\r\n\r\n");
}

bool HttpQuery::is_over() const {
  const ClientState state = client_.state();
  if (state != ClientState::connecting && state != ClientState::open) return true;
  return chunked_content(client_.received()).has_value();  // not by its end alone: that of a head may look like it
}

std::optional<std::vector<uint64_t>> HttpQuery::ids(std::string& error) const {
  constexpr std::string_view begin = "\"dataset\":[";
  const std::optional<std::string> content = chunked_content(client_.received());
  const size_t start = content ? content->find(begin) : std::string::npos;
  if (start == std::string::npos) {
    error = client_.received().substr(0, 300);
    return {};
  }
  std::vector<uint64_t> ids;
  for (size_t at = start + begin.size(); at < content->size() && (*content)[at] != ']'; ++at) {
    if ((*content)[at] != '[') continue;
    uint64_t id = 0;
    const auto end = std::from_chars(content->data() + at + 1, content->data() + content->size(), id).ptr;
    ids.push_back(id);
    at = static_cast<size_t>(end - content->data());  // the ']' of the row
  }
  return ids;
}

}  // namespace sim
