// The key pair with which the clients of QuestDB test themselves, and signatures by it.
#pragma once

#include <string>
#include <string_view>

namespace tests {

// A line of an authdb file.
inline constexpr const char* test_user_line =
    "testUser1 ec-p-256-sha256 fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac";

// By the private key of testUser1, in DER.
std::string sign(std::string_view text);

// r and s of 32 bytes each.
std::string to_raw(const std::string& der);

// Base64 as senders write it.
std::string encode_base64(std::string_view bytes);

}  // namespace tests
