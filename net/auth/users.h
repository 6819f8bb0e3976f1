// Who may send lines over TCP: the users of an authdb file as QuestDB has it, one a line, and the public key of each.
//
//   line := id blank "ec-p-256-sha256" blank x blank y            x, y: coordinates on the curve P-256, base64url of 32 bytes
//
// '#' begins a comment, also behind the tokens of a line; empty lines are skipped.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/status.h"
#include "net/auth/signature.h"

namespace net {

class Users {
 public:
  static constexpr size_t id_size_max = 256;

  // An error names the line of `path` and what is wrong with it: another number of tokens, another algorithm, a user who is
  // there already, coordinates of no point of the curve. A file without any user is an error, too: nobody could send.
  static absl::StatusOr<Users> parse(std::string_view text, std::string_view path);

  // Null: nobody has this id.
  const PublicKey* find(std::string_view id) const;
  // Somebody's, so that to check a signature of nobody takes as long. Requires that there is a user.
  const PublicKey& any_key() const { return keys_.begin()->second; }
  size_t count() const { return keys_.size(); }

 private:
  absl::Status add(std::string_view line);

  std::map<std::string, PublicKey, std::less<>> keys_;
};

}  // namespace net
