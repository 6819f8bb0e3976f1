#include "net/auth/base64.h"

#include <openssl/evp.h>

#include <algorithm>

#include "engine/base/verify.h"

namespace net {
namespace {

constexpr size_t text_size_max = size_t{64} << 10;

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::optional<std::string> decode_base64(std::string_view text, Base64 alphabet) {
  if (text.size() > text_size_max) return std::nullopt;
  const bool is_padded = text.ends_with('=');
  if (is_padded && text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string whole;
  for (const char c : text) {
    const bool is_62 = c == (alphabet == Base64::url ? '-' : '+');
    const bool is_63 = c == (alphabet == Base64::url ? '_' : '/');
    if (!is_letter(c) && !is_62 && !is_63) return std::nullopt;
    whole += is_62 ? '+' : is_63 ? '/' : c;
  }
  const size_t padding = (4 - whole.size() % 4) % 4;
  whole.append(padding, '=');
  std::string bytes(whole.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(whole.data()), static_cast<int>(whole.size()));
  VERIFY_EQ(size, static_cast<int>(bytes.size()));
  return bytes.substr(0, bytes.size() - padding);
}

}  // namespace net
