#include "net/auth/handshake.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "net/auth/base64.h"
#include "net/auth/signature.h"

namespace net {
namespace {

// Moves the front of `input` up to a line feed to `token`; the line feed is dropped. False: the token is longer than that.
bool take_token(std::string_view& input, size_t size_max, std::string& token, bool& is_whole) {
  const size_t end = std::min(input.find('\n'), input.size());
  if (end > size_max - token.size()) return false;
  token.append(input.substr(0, end));
  is_whole = end < input.size();
  input.remove_prefix(is_whole ? end + 1 : end);
  return true;
}

}  // namespace

Handshake::Handshake(const Users& users, std::string challenge) : users_(users), challenge_(std::move(challenge)) {
  challenge_ += '\n';
}

Handshake::Step Handshake::take(std::string_view& input) { return has_id_ ? take_signature(input) : take_id(input); }

Handshake::Step Handshake::take_id(std::string_view& input) {
  if (!take_token(input, Users::id_size_max, id_, has_id_)) return Step::failed;
  if (!has_id_) return Step::more;
  input = {};
  return Step::challenge;
}

Handshake::Step Handshake::take_signature(std::string_view& input) {
  bool is_whole = false;
  if (!take_token(input, signature_size_max, signature_, is_whole)) return Step::failed;
  if (!is_whole) return Step::more;
  const PublicKey* key = users_.find(id_);
  const std::optional<std::string> signature = decode_base64(signature_, Base64::standard);
  const std::string_view text = std::string_view(challenge_).substr(0, challenge_.size() - 1);
  const bool fits = signature && is_signed(text, *signature, key != nullptr ? *key : users_.any_key());
  return fits && key != nullptr ? Step::accepted : Step::failed;
}

}  // namespace net
