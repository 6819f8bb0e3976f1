#include "storage/repeat/desk.h"

#include "engine/base/verify.h"

namespace storage {

RepeatDesk::RepeatDesk(engine::Shard& shard, uint16_t shard_count, const RepeatOptions& options)
    : shard_(shard),
      shard_count_(shard_count),
      keys_(options.notes_max, options.key_time),
      contents_(options.notes_max, options.content_time),
      suspects_(options.notes_max, options.content_time),
      outbox_(shard) {
  VERIFY_GT(shard_count, 0U);
}

void RepeatDesk::restore(const RequestNote& note) {
  if (note.has_key()) {
    if (home_of(note.key) == shard_.id()) keys_.store(note.key, note, now());
    return;
  }
  (home_of(note.content) == shard_.id() ? contents_ : suspects_).store(note.content, note, now());
}

void RepeatDesk::ask(RepeatAsk& ask) {
  VERIFY(ask.waiter != nullptr);
  ask.source = shard_.id();
  outbox_.send(home_of(ask.hash), make_message(MessageKind::repeat_ask, &ask));
}

bool RepeatDesk::is_suspect(const engine::Hash128& content) {
  RepeatTable& table = home_of(content) == shard_.id() ? contents_ : suspects_;
  return table.find(content, now()).verdict != RepeatTable::Verdict::fresh;
}

// Of a key its home hears, of a content everybody.
void RepeatDesk::tell(const RequestNote& note, NoteStep step) {
  const engine::MeshMessage message = make_message(MessageKind::note_news, NoteNews{.note = note, .step = step});
  if (note.has_key()) return outbox_.send(home_of(note.key), message);
  for (uint16_t i = 0; i < shard_count_; ++i) outbox_.send(engine::ShardId{i}, message);
}

std::vector<RequestNote> RepeatDesk::stored_notes() {
  std::vector<RequestNote> notes = keys_.stored(now());
  for (const RequestNote& note : contents_.stored(now())) notes.push_back(note);
  return notes;
}

void RepeatDesk::on_message(engine::ShardId, const engine::MeshMessage& message) {
  switch (static_cast<MessageKind>(message.kind)) {
    case MessageKind::repeat_ask:
      return answer(*message.as<RepeatAsk*>());
    case MessageKind::note_news:
      return take_news(message.as<NoteNews>());
    case MessageKind::repeat_answer:
      return message.as<RepeatAsk*>()->waiter->on_answer();
    default:
      UNREACHABLE("message kind of a repeat desk");
  }
}

void RepeatDesk::answer(RepeatAsk& ask) {
  RepeatTable& table = ask.is_key ? keys_ : contents_;
  const RepeatTable::Found found = table.find(ask.hash, now());
  switch (found.verdict) {
    case RepeatTable::Verdict::fresh:
      ask.verdict = RepeatAsk::Verdict::fresh;
      if (ask.is_key) keys_.begin(ask.hash);
      break;
    case RepeatTable::Verdict::running:
      ask.verdict = RepeatAsk::Verdict::running;
      break;
    case RepeatTable::Verdict::stored:
      ask.verdict = RepeatAsk::Verdict::stored;
      ask.stored = found.note;
      if (!ask.is_key) contents_.take(ask.hash);
      break;
  }
  outbox_.send(ask.source, make_message(MessageKind::repeat_answer, &ask));
}

void RepeatDesk::take_news(const NoteNews& news) { news.note.has_key() ? take_news_of_key(news) : take_news_of_content(news); }

void RepeatDesk::take_news_of_key(const NoteNews& news) {
  VERIFY(news.step == NoteStep::stored || news.step == NoteStep::dropped);
  if (news.step == NoteStep::stored) keys_.store(news.note.key, news.note, now());
  keys_.end(news.note.key);
}

// Where it is not at home, that there is something to ask is all that counts.
void RepeatDesk::take_news_of_content(const NoteNews& news) {
  const engine::Hash128& content = news.note.content;
  if (home_of(content) != shard_.id()) {
    const bool is_new = news.step == NoteStep::begun || news.step == NoteStep::in_doubt;
    return is_new ? suspects_.store(content, news.note, now()) : void();
  }
  if (news.step == NoteStep::begun) return contents_.begin(content);
  if (news.step != NoteStep::dropped) contents_.store(content, news.note, now());
  if (news.step != NoteStep::in_doubt) contents_.end(content);
}

}  // namespace storage
