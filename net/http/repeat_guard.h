// Whether a write comes again, asked on its behalf: one with an Idempotency-Key before anything of it is taken, one without at
// its end, and only when what it says is in doubt (storage/repeat/desk.h).
//
// What it says is its target and its lines as they are unpacked: a client that compresses anew, or cuts its chunks otherwise,
// still says the same. The same lines with another precision do not.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/hash_128.h"
#include "net/http/request_reader.h"
#include "storage/repeat/desk.h"

namespace net {

class RepeatGuardListener {
 public:
  // After waiting: the same call again. After give_up(): nothing refers to the guard any more.
  virtual void on_verdict() = 0;

 protected:
  ~RepeatGuardListener() = default;
};

class RepeatGuard final : private storage::AskWaiter {
 public:
  static constexpr size_t key_size_max = 255;

  enum class Verdict : uint8_t {
    waiting,
    go_on,
    repeated,       // of begin(): as far as the key says; of end(): it is stored
    other_content,  // the key came with something else
    put_off,        // the one before has not ended
  };

  RepeatGuard(storage::RepeatDesk& desk, const HttpRequest& request, RepeatGuardListener& listener);

  // Before the body.
  Verdict begin();
  // Lines of the body, unpacked.
  void add(std::string_view lines) { content_.add(lines); }
  // Behind it.
  Verdict end();

  // After end(): of the request, or of the one that it repeats.
  storage::RequestNote note() const;

  // After go_on: what became of it. A client that comes with the key again is answered by that.
  void settle(const storage::RequestNote& note, bool is_stored);
  // Nothing of it will be stored, or nobody waits for that.
  void give_up();
  // Somebody else will say what becomes of it.
  void hand_over() { is_claimed_ = false; }

  bool is_waiting() const { return state_ == State::asked; }

 private:
  enum class State : uint8_t { quiet, asked, answered };

  void on_answer() override;
  Verdict ask(const engine::Hash128& hash, bool is_key);
  bool has_key() const { return key_ != engine::Hash128{}; }

  storage::RepeatDesk& desk_;
  RepeatGuardListener& listener_;
  engine::Hash128 key_;
  engine::Hasher128 content_;
  State state_ = State::quiet;
  bool is_claimed_ = false;  // the key
  bool is_given_up_ = false;
  storage::RepeatAsk ask_;
};

}  // namespace net
