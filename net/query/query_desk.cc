#include "net/query/query_desk.h"

#include <algorithm>

#include "engine/base/verify.h"
#include "net/route/messages.h"

namespace net {

QueryDesk::QueryDesk(engine::MeshEndpoint& endpoint, ReaderRange readers, uint32_t queries_max)
    : endpoint_(endpoint), range_(readers), queries_max_(queries_max), readers_(readers.count) {
  VERIFY_GT(readers.count, 0U);
}

QueryDesk::Reader& QueryDesk::reader_of(const Query& query) {
  const auto index = static_cast<size_t>(query.reader.value - range_.first.value);
  VERIFY_LT(index, readers_.size());
  return readers_[index];
}

bool QueryDesk::start(Query& query) {
  if (open_ == queries_max_) return false;
  ++open_;
  waiting_.push_back(&query);
  hand_out();
  return true;
}

QueryDesk::Reader* QueryDesk::find_idle() {
  Reader* found = nullptr;
  for (Reader& reader : readers_) {
    if (reader.computing == 0 && (found == nullptr || reader.open < found->open)) found = &reader;
  }
  return found;
}

void QueryDesk::hand_out() {
  while (!waiting_.empty()) {
    Reader* reader = find_idle();
    if (reader == nullptr) return;
    Query* query = waiting_.front();
    waiting_.pop_front();
    query->reader = engine::ShardId{static_cast<uint16_t>(range_.first.value + (reader - readers_.data()))};
    endpoint_.send_reserved(query->reader, make_message(MessageKind::query, query));  // for all there is room (node.cc)
    ++reader->open;
    ++reader->computing;
  }
}

void QueryDesk::take_part(Query& query, bool is_cancelled) {
  ++reader_of(query).computing;
  const QueryGoOn go_on{.query = &query, .part_taken = true, .cancelled = is_cancelled};
  endpoint_.send_return(query.reader, make_message(MessageKind::query_go_on, go_on));
}

bool QueryDesk::cancel(Query& query) {
  if (const auto found = std::ranges::find(waiting_, &query); found != waiting_.end()) {
    waiting_.erase(found);
    --open_;
    return true;
  }
  const QueryGoOn go_on{.query = &query, .part_taken = false, .cancelled = true};
  endpoint_.send_return(query.reader, make_message(MessageKind::query_go_on, go_on));
  return false;
}

void QueryDesk::on_part(const Query& query) {
  Reader& reader = reader_of(query);
  VERIFY_GT(reader.computing, 0U);
  --reader.computing;
  if (query.is_last) {
    VERIFY_GT(reader.open, 0U);
    VERIFY_GT(open_, 0U);
    --reader.open;
    --open_;
  }
  hand_out();
}

}  // namespace net
