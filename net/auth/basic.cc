#include "net/auth/basic.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "engine/base/ascii.h"
#include "net/auth/base64.h"

namespace net {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

// Of equal size for texts of any size.
bool make_digest(std::string_view text, Digest& digest) {
  return EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1;
}

// What stands behind "Basic", in any case, and blanks.
std::optional<std::string_view> take_scheme(std::string_view value) {
  constexpr std::string_view scheme = "basic ";
  const bool is_basic = engine::equals_ignoring_case(value.substr(0, scheme.size()), scheme);
  if (!is_basic) return std::nullopt;
  value.remove_prefix(std::min(value.find_first_not_of(' ', scheme.size()), value.size()));
  return value.substr(0, value.find_last_not_of(' ') + 1);
}

}  // namespace

bool allows_basic(std::string_view authorization, std::string_view user, std::string_view password) {
  const std::optional<std::string_view> text = take_scheme(authorization);
  const std::optional<std::string> credentials = text ? decode_base64(*text, Base64::standard) : std::nullopt;
  const std::string wanted = std::string(user) + ':' + std::string(password);
  Digest found_digest;
  Digest wanted_digest;
  if (!make_digest(credentials.value_or(""), found_digest) || !make_digest(wanted, wanted_digest)) return false;
  return credentials && CRYPTO_memcmp(found_digest.data(), wanted_digest.data(), found_digest.size()) == 0;
}

}  // namespace net
