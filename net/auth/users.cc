#include "net/auth/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "net/auth/base64.h"
#include "net/auth/signature.h"

namespace net {
namespace {

constexpr std::string_view algorithm = "ec-p-256-sha256";
constexpr std::string_view blanks = " \t\r";

std::vector<std::string_view> tokens_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> tokens;
  for (;;) {
    const size_t first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos) return tokens;
    line.remove_prefix(first);
    const size_t size = std::min(line.find_first_of(blanks), line.size());
    tokens.push_back(line.substr(0, size));
    line.remove_prefix(size);
  }
}

// Leading zeros may be missing, as of a number.
bool put_coordinate(std::string_view text, unsigned char* target) {
  constexpr size_t size = 32;
  const std::optional<std::string> bytes = decode_base64(text, Base64::url);
  if (!bytes || bytes->empty() || bytes->size() > size) return false;
  std::ranges::copy(*bytes, target + (size - bytes->size()));
  return true;
}

}  // namespace

absl::StatusOr<Users> Users::parse(std::string_view text, std::string_view path) {
  Users users;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (const absl::Status status = users.add(line); !status.ok()) {
      return engine::invalid_argument(fmt::format("{}:{}: {}", path, number, engine::message_of(status)));
    }
  }
  if (users.keys_.empty()) return engine::invalid_argument(fmt::format("{}: no user is in it", path));
  return users;
}

absl::Status Users::add(std::string_view line) {
  const std::vector<std::string_view> tokens = tokens_of(line);
  if (tokens.empty()) return absl::OkStatus();
  if (tokens.size() != 4) {
    return engine::invalid_argument(fmt::format("{} words, expected four: user {} x y", tokens.size(), algorithm));
  }
  const std::string_view id = tokens[0];
  if (id.size() > id_size_max) {
    return engine::invalid_argument(fmt::format("the name of a user has {} bytes, at most {}", id.size(), id_size_max));
  }
  if (tokens[1] != algorithm) return engine::invalid_argument(fmt::format("'{}', expected {}", tokens[1], algorithm));
  PublicKey key{0x04};
  if (!put_coordinate(tokens[2], key.data() + 1) || !put_coordinate(tokens[3], key.data() + 33) || !is_point(key)) {
    return engine::invalid_argument(fmt::format("user '{}': x and y are no point of the curve P-256 in base64url", id));
  }
  if (!keys_.emplace(id, key).second) return engine::invalid_argument(fmt::format("user '{}' is there already", id));
  return absl::OkStatus();
}

const PublicKey* Users::find(std::string_view id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace net
