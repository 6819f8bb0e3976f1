#include "net/auth/signature.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <string>

namespace net {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Errors that nobody looks at would pile up for the thread.
struct ForgetErrors {
  ~ForgetErrors() { ERR_clear_error(); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Null: no point of the curve.
Owned<EVP_PKEY> make_key(const PublicKey& point) {
  std::string group = "prime256v1";
  PublicKey copy = point;
  std::array parameters = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
                           OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
                           OSSL_PARAM_construct_end()};
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) return nullptr;
  return Owned<EVP_PKEY>(key);
}

// r and s side by side as DER; empty: there was no memory.
std::string to_der(std::string_view signature) {
  const int half = static_cast<int>(signature.size() / 2);
  const Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(signature), half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(signature) + half, half, nullptr);
  if (pair == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  std::string der(static_cast<size_t>(std::max(0, i2d_ECDSA_SIG(pair.get(), nullptr))), '\0');
  auto* write = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(pair.get(), &write);
  return der;
}

}  // namespace

bool is_point(const PublicKey& key) {
  const ForgetErrors forget;
  return make_key(key) != nullptr;
}

bool is_signed(std::string_view message, std::string_view signature, const PublicKey& key) {
  constexpr size_t raw_size = 64;
  const ForgetErrors forget;
  if (std::ranges::all_of(signature, [](char byte) { return byte == 0; })) return false;
  const std::string der = signature.size() == raw_size ? to_der(signature) : std::string(signature);
  const Owned<EVP_PKEY> owned_key = make_key(key);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (owned_key == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, owned_key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace net
