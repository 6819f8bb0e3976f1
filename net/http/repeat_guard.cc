#include "net/http/repeat_guard.h"

#include <utility>

#include "engine/base/verify.h"

namespace net {

RepeatGuard::RepeatGuard(storage::RepeatDesk& desk, const HttpRequest& request, RepeatGuardListener& listener)
    : desk_(desk), listener_(listener), content_(desk.seed()) {
  VERIFY_LE(request.idempotency_key.size(), key_size_max);
  if (!request.idempotency_key.empty()) key_ = engine::hash_128(request.idempotency_key, desk.seed());
  content_.add(request.path);
  content_.add("?");
  content_.add(request.query);
  content_.add("\n");
}

RepeatGuard::Verdict RepeatGuard::begin() {
  if (!has_key()) return Verdict::go_on;
  const Verdict verdict = ask(key_, true);
  if (verdict == Verdict::go_on && !is_given_up_) is_claimed_ = true;
  return verdict;
}

RepeatGuard::Verdict RepeatGuard::end() {
  if (has_key()) {
    VERIFY(state_ == State::answered);
    if (ask_.verdict == storage::RepeatAsk::Verdict::fresh) return Verdict::go_on;
    return ask_.stored.content == content_.hash() ? Verdict::repeated : Verdict::other_content;
  }
  if (state_ == State::quiet && !desk_.is_suspect(content_.hash())) return Verdict::go_on;
  return ask(content_.hash(), false);
}

// Once; then what was answered.
RepeatGuard::Verdict RepeatGuard::ask(const engine::Hash128& hash, bool is_key) {
  if (state_ == State::quiet) {
    ask_.waiter = this;
    ask_.hash = hash;
    ask_.is_key = is_key;
    state_ = State::asked;
    desk_.ask(ask_);
  }
  if (state_ == State::asked) return Verdict::waiting;
  switch (ask_.verdict) {
    case storage::RepeatAsk::Verdict::fresh:
      return Verdict::go_on;
    case storage::RepeatAsk::Verdict::running:
      return Verdict::put_off;
    case storage::RepeatAsk::Verdict::stored:
      return Verdict::repeated;
  }
  UNREACHABLE("RepeatAsk::Verdict");
}

// Who has given up gives back what the answer gave him.
void RepeatGuard::on_answer() {
  VERIFY(state_ == State::asked);
  state_ = State::answered;
  const bool is_fresh = ask_.verdict == storage::RepeatAsk::Verdict::fresh;
  const bool is_stored = ask_.verdict == storage::RepeatAsk::Verdict::stored;
  if (is_given_up_ && ask_.is_key && is_fresh) desk_.tell(note(), storage::NoteStep::dropped);
  if (is_given_up_ && !ask_.is_key && is_stored) desk_.tell(ask_.stored, storage::NoteStep::in_doubt);
  listener_.on_verdict();
}

storage::RequestNote RepeatGuard::note() const {
  if (state_ == State::answered && ask_.verdict == storage::RepeatAsk::Verdict::stored) return ask_.stored;
  return {.key = key_, .content = content_.hash(), .request = {}};
}

void RepeatGuard::settle(const storage::RequestNote& note, bool is_stored) {
  if (!std::exchange(is_claimed_, false)) return;
  desk_.tell(note, is_stored ? storage::NoteStep::stored : storage::NoteStep::dropped);
}

void RepeatGuard::give_up() {
  is_given_up_ = true;
  settle(note(), false);
}

}  // namespace net
