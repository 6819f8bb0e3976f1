// Where queries wait for a reader, on the thread that asks them. Each reader computes one at a time, as far as the desk can see
// to it: a query is computed from its start to its next part, and from the taking of a part to the next; a new one begins with
// the reader that computes nothing and has the fewest open. One whose client does not take its answer keeps nobody waiting.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/shard/mesh.h"
#include "net/query/query.h"

namespace net {

// Endpoints of a mesh.
struct ReaderRange {
  engine::ShardId first;
  uint16_t count = 0;
};

class QueryDesk {
 public:
  // At most `queries_max` are open, those that wait included.
  QueryDesk(engine::MeshEndpoint& endpoint, ReaderRange readers, uint32_t queries_max);

  // Lends the query until on_part says that it was the last one, or cancel that it has not begun. False: there are too many.
  bool start(Query& query);

  // The reader may go on; or it is to end the query, and a last part will come.
  void take_part(Query& query, bool is_cancelled);

  // Nobody wants it any more, while no part is here. True: it had not begun, and comes home with this call. False: a last part
  // will come.
  bool cancel(Query& query);

  // A part has arrived from its reader.
  void on_part(const Query& query);

  uint32_t open_count() const { return open_; }

 private:
  struct Reader {
    uint32_t open = 0;
    uint32_t computing = 0;
  };

  Reader& reader_of(const Query& query);
  Reader* find_idle();
  void hand_out();

  engine::MeshEndpoint& endpoint_;
  ReaderRange range_;
  uint32_t queries_max_;
  uint32_t open_ = 0;
  std::vector<Reader> readers_;
  std::deque<Query*> waiting_;
};

}  // namespace net
