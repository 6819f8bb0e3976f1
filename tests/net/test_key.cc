#include "tests/net/test_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "engine/base/verify.h"
#include "net/auth/base64.h"
#include "net/auth/users.h"

namespace tests {
namespace {

constexpr const char* private_key = "5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48";

EVP_PKEY* make_key() {
  const std::string secret = *net::decode_base64(private_key, net::Base64::url);
  const net::PublicKey point = *net::Users::parse(test_user_line, "")->find("testUser1");
  BIGNUM* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(secret.data()), static_cast<int>(secret.size()), nullptr);
  OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY* key = nullptr;
  VERIFY_EQ(EVP_PKEY_fromdata_init(context), 1);
  VERIFY_EQ(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), 1);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(build);
  BN_free(number);
  return key;
}

}  // namespace

std::string sign(std::string_view text) {
  EVP_PKEY* key = make_key();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  VERIFY_EQ(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key), 1);
  std::string signature(80, '\0');
  size_t size = signature.size();
  VERIFY_EQ(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()),
            1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  signature.resize(size);
  return signature;
}

std::string to_raw(const std::string& der) {
  const auto* read = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &read, static_cast<long>(der.size()));
  VERIFY(signature != nullptr);
  std::string raw(64, '\0');
  auto* write = reinterpret_cast<unsigned char*>(raw.data());
  VERIFY_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(signature), write, 32), 32);
  VERIFY_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(signature), write + 32, 32), 32);
  ECDSA_SIG_free(signature);
  return raw;
}

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace tests
