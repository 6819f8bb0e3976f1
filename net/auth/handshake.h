// What a TCP sender does before its first line where users are named: it says who it is, gets a text of its own, and signs it.
//
//   sender -> id LF      server -> challenge LF      sender -> base64 of the signature LF, then lines; there is no answer
//
// Whoever is not known gets a challenge, too, and fails by the signature: nobody finds out so who is. Bytes behind the id are
// dropped, since no sender can have signed yet. Knows no socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/auth/users.h"

namespace net {

class Handshake {
 public:
  static constexpr size_t signature_size_max = 96;  // of the longest in DER, as base64

  enum class Step : uint8_t {
    more,       // all of the input is taken
    challenge,  // the same, and challenge() is to be sent now
    accepted,   // the rest of the input is lines
    failed,     // no such user, another signature, or a text that is none
  };

  // `users` outlives it. `challenge`: see make_challenge.
  Handshake(const Users& users, std::string challenge);

  // Takes what belongs to it off the front of `input`.
  Step take(std::string_view& input);

  std::string_view challenge() const { return challenge_; }  // with its line feed
  const std::string& user() const { return id_; }            // as far as it has come

 private:
  Step take_id(std::string_view& input);
  Step take_signature(std::string_view& input);

  const Users& users_;
  std::string challenge_;
  bool has_id_ = false;
  std::string id_;
  std::string signature_;
};

}  // namespace net
