// Who is let in: the users of an authdb file, signatures of challenges, passwords.

#include <set>
#include <string>
#include <vector>

#include "net/auth/base64.h"
#include "net/auth/basic.h"
#include "net/auth/challenge.h"
#include "net/auth/handshake.h"
#include "net/auth/signature.h"
#include "net/auth/users.h"
#include "tests/catch.h"
#include "tests/net/test_key.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_world.h"

namespace net {
namespace {

std::string error_of(const std::string& text) {
  return std::string(engine::message_of(Users::parse(text, "auth.txt").status()));
}

TEST_CASE("auth: base64 with and without padding, and nothing else") {
  CHECK(decode_base64("", Base64::standard) == "");
  CHECK(decode_base64("Zg==", Base64::standard) == "f");
  CHECK(decode_base64("Zg", Base64::standard) == "f");
  CHECK(decode_base64("Zm9v", Base64::standard) == "foo");
  CHECK(decode_base64("+/8=", Base64::standard) == "\xfb\xff");
  CHECK(decode_base64("-_8", Base64::url) == "\xfb\xff");
  for (const char* bad : {"Z", "Zm9vZ", "Zg=a", "=", "Zm 9v", "Zm9v\n", "-_8="}) {
    INFO(bad);
    CHECK_FALSE(decode_base64(bad, Base64::standard));
  }
}

TEST_CASE("auth: a file of users has four words a line, and comments") {
  const std::string user = tests::test_user_line;
  const auto users =
      Users::parse("# who may send\n\n" + user + " # the first\r\n\t second" + user.substr(user.find(' ')) + "\n", "auth.txt");
  REQUIRE(users.ok());
  CHECK(users->count() == 2);
  CHECK(users->find("testUser1") != nullptr);
  CHECK(users->find("second") != nullptr);
  CHECK(users->find("testuser1") == nullptr);
  CHECK(users->find("") == nullptr);
}

TEST_CASE("auth: what is wrong with a file of users is named with its line") {
  const std::string user = tests::test_user_line;
  CHECK(error_of("") == "auth.txt: no user is in it");
  CHECK(error_of("# nobody\n") == "auth.txt: no user is in it");
  CHECK(error_of("\n" + user + "\n" + user) == "auth.txt:3: user 'testUser1' is there already");
  CHECK(error_of(user + " more").starts_with("auth.txt:1: 5 words, expected four"));
  CHECK(error_of("a ec-p-256-sha256 x").starts_with("auth.txt:1: 3 words, expected four"));
  std::string other = user;
  other.replace(other.find("ec-p-256-sha256"), 15, "ec-p-384-sha384");
  CHECK(error_of(other) == "auth.txt:1: 'ec-p-384-sha384', expected ec-p-256-sha256");
  CHECK(error_of(user.substr(0, user.size() - 1)).find("no point of the curve") != std::string::npos);
  CHECK(error_of("a ec-p-256-sha256 AA AA").find("no point of the curve") != std::string::npos);
  CHECK(error_of(std::string(Users::id_size_max + 1, 'a') + user.substr(user.find(' '))).find("257 bytes") !=
        std::string::npos);
}

TEST_CASE("auth: both forms of a signature are taken, of this key and this text only") {
  const PublicKey key = *Users::parse(tests::test_user_line, "auth.txt")->find("testUser1");
  const std::string text(challenge_size, 'x');
  for (int i = 0; i < 20; ++i) {  // r and s have leading zeros now and then
    const std::string der = tests::sign(text);
    const std::string raw = tests::to_raw(der);
    CHECK(is_signed(text, der, key));
    CHECK(is_signed(text, raw, key));
    CHECK_FALSE(is_signed(text + "x", raw, key));
    std::string damaged = raw;
    damaged[static_cast<size_t>(i) * 3] ^= 1;
    CHECK_FALSE(is_signed(text, damaged, key));
  }
  PublicKey other = key;
  for (size_t i = 33; i < 65; ++i) other[i] = static_cast<unsigned char>(~other[i]);
  CHECK_FALSE(is_point(other));
  CHECK_FALSE(is_signed(text, tests::sign(text), other));
}

TEST_CASE("auth: only zeros, nothing and rubbish are no signatures") {
  const PublicKey key = *Users::parse(tests::test_user_line, "auth.txt")->find("testUser1");
  for (const size_t size : {0U, 1U, 8U, 63U, 64U, 65U, 72U}) {
    CHECK_FALSE(is_signed("text", std::string(size, '\0'), key));
    CHECK_FALSE(is_signed("text", std::string(size, '0'), key));
  }
}

TEST_CASE("auth: challenges are printable, differ, and come from the backend's randomness") {
  const auto challenges_of = [](uint64_t seed) {
    sim::SimWorld world({.seed = seed});
    sim::SimBackend backend(world, {});
    return std::vector<std::string>{make_challenge(backend), make_challenge(backend)};
  };
  const std::vector<std::string> first = challenges_of(1);
  CHECK(first == challenges_of(1));
  CHECK(first != challenges_of(2));
  CHECK(first[0] != first[1]);
  CHECK(first[0].size() == 512);
  const std::string both = first[0] + first[1];
  for (const char letter : both) CHECK((letter >= ' ' && letter <= '~'));
  CHECK(std::set<char>(both.begin(), both.end()).size() == 95);
}

// The steps of a handshake in which what the sender says comes in pieces, and what is left of the last one.
struct Course {
  std::vector<Handshake::Step> steps;
  std::string rest;
};

Course shake_hands(const Users& users, const std::string& challenge, const std::vector<std::string>& pieces) {
  Handshake handshake(users, challenge);
  Course course;
  for (const std::string& piece : pieces) {
    std::string_view input = piece;
    course.steps.push_back(handshake.take(input));
    course.rest = input;
  }
  return course;
}

TEST_CASE("auth: a handshake may be cut anywhere, and what stands behind it are lines") {
  using Step = Handshake::Step;
  const Users users = *Users::parse(tests::test_user_line, "auth.txt");
  const std::string challenge(challenge_size, 'c');
  const std::string id = "testUser1\n";
  for (const bool is_raw : {false, true}) {
    const std::string der = tests::sign(challenge);
    const std::string signature = tests::encode_base64(is_raw ? tests::to_raw(der) : der) + "\n";
    CHECK(signature.size() <= Handshake::signature_size_max + 1);
    for (size_t cut = 1; cut < id.size(); ++cut) {
      const Course course = shake_hands(users, challenge, {id.substr(0, cut), id.substr(cut), signature});
      CHECK(course.steps == std::vector{Step::more, Step::challenge, Step::accepted});
    }
    for (size_t cut = 1; cut < signature.size(); ++cut) {
      const Course course = shake_hands(users, challenge, {id, signature.substr(0, cut), signature.substr(cut) + "t f=1\nx"});
      CHECK(course.steps == std::vector{Step::challenge, Step::more, Step::accepted});
      CHECK(course.rest == "t f=1\nx");
    }
    CHECK(shake_hands(users, challenge, {id + "too early"}).rest.empty());
    const Course early = shake_hands(users, challenge, {id + "too early", signature});
    CHECK(early.steps == std::vector{Step::challenge, Step::accepted});
    CHECK(early.rest.empty());
  }
}

TEST_CASE("auth: who is not known hears so behind his signature only, and no token is longer than it may be") {
  using Step = Handshake::Step;
  const Users users = *Users::parse(tests::test_user_line, "auth.txt");
  const std::string challenge(challenge_size, 'c');
  const std::string signature = tests::encode_base64(tests::sign(challenge)) + "\n";
  CHECK(shake_hands(users, challenge, {"nobody\n", signature}).steps == std::vector{Step::challenge, Step::failed});
  CHECK(shake_hands(users, challenge, {"\n", signature}).steps == std::vector{Step::challenge, Step::failed});
  CHECK(shake_hands(users, challenge, {"testUser1\r\n", signature}).steps == std::vector{Step::challenge, Step::failed});
  CHECK(shake_hands(users, challenge, {"testUser1\n", "\n"}).steps == std::vector{Step::challenge, Step::failed});
  CHECK(shake_hands(users, challenge, {"testUser1\n", "a b\n"}).steps == std::vector{Step::challenge, Step::failed});
  CHECK(shake_hands(users, std::string(challenge_size, 'd'), {"testUser1\n", signature}).steps ==
        std::vector{Step::challenge, Step::failed});
  const std::string longest(Users::id_size_max, 'x');
  CHECK(shake_hands(users, challenge, {longest, "\n"}).steps == std::vector{Step::more, Step::challenge});
  CHECK(shake_hands(users, challenge, {longest, "x"}).steps == std::vector{Step::more, Step::failed});
  const std::string too_long(Handshake::signature_size_max + 1, 'A');
  CHECK(shake_hands(users, challenge, {"testUser1\n", too_long}).steps == std::vector{Step::challenge, Step::failed});
}

TEST_CASE("auth: a user and a password over HTTP") {
  CHECK(allows_basic("Basic YWRtaW46cXVlc3Q=", "admin", "quest"));
  CHECK(allows_basic("basic  YWRtaW46cXVlc3Q ", "admin", "quest"));
  CHECK(allows_basic("Basic YWRtaW46", "admin", ""));
  CHECK(allows_basic("Basic YTpiOmM=", "a", "b:c"));
  for (const char* bad : {"", "Basic", "Basic ", "Basic ====", "Bearer YWRtaW46cXVlc3Q=", "BasicYWRtaW46cXVlc3Q=",
                          "Basic YWRtaW46cXVlc3", "Basic YWRtaW46UXVlc3Q=", "Basic YWRtaW4=", "YWRtaW46cXVlc3Q="}) {
    INFO(bad);
    CHECK_FALSE(allows_basic(bad, "admin", "quest"));
  }
  CHECK_FALSE(allows_basic("Basic", "", ""));
}

}  // namespace
}  // namespace net
