#include "net/auth/challenge.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "engine/base/verify.h"

namespace net {
namespace {

constexpr unsigned letters = '~' - ' ' + 1;
constexpr unsigned even_end = 256 / letters * letters;  // bytes from here on would favour some letters

// Any number of bytes from a few: who sees them knows nothing of the few.
std::array<unsigned char, 4 * challenge_size> spread(const std::array<uint64_t, 4>& seed) {
  std::array<unsigned char, 4 * challenge_size> bytes;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  VERIFY(context != nullptr);
  VERIFY_EQ(EVP_DigestInit_ex(context, EVP_shake256(), nullptr), 1);
  VERIFY_EQ(EVP_DigestUpdate(context, seed.data(), sizeof(seed)), 1);
  VERIFY_EQ(EVP_DigestFinalXOF(context, bytes.data(), bytes.size()), 1);
  EVP_MD_CTX_free(context);
  return bytes;
}

}  // namespace

std::string make_challenge(engine::IoBackend& backend) {
  std::string challenge;
  while (challenge.size() < challenge_size) {  // more than once as good as never: three bytes of four are used
    std::array<uint64_t, 4> seed;
    for (uint64_t& word : seed) word = backend.random();
    for (const unsigned char byte : spread(seed)) {
      if (byte < even_end && challenge.size() < challenge_size) challenge += static_cast<char>(' ' + byte % letters);
    }
  }
  return challenge;
}

}  // namespace net
