#include "tools/sink/discard_sink.h"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tools/load/sender.h"

namespace {

// Sends the rows from a child process, on as many connections as the plan has senders.
pid_t start_sending(const tools::RowSource& rows, engine::SocketAddress server) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child != 0) return child;
  tools::LoadSender sender(rows, {.server = server, .batch_size = 4096});
  ::_exit(sender.connect().ok() && sender.run(nullptr).ok() && sender.finish().ok() ? 0 : 1);
}

}  // namespace

TEST_CASE("discard_sink: every byte and line of all connections is counted") {
  absl::StatusOr<std::unique_ptr<engine::UringBackend>> backend = engine::UringBackend::create({.data_directory = "."});
  if (!backend.ok()) SKIP_TEST(engine::message_of(backend.status()));
  const absl::StatusOr<engine::BoundSocket> listener = (*backend)->listen_tcp(engine::SocketAddress::loopback(0));
  REQUIRE(listener.ok());
  const absl::StatusOr<tools::RowSource> rows = tools::RowSource::create({.rows = 50'000, .senders = 8});
  REQUIRE(rows.ok());
  const pid_t child = start_sending(*rows, listener->address);

  engine::Reactor reactor(**backend);
  tools::DiscardSink sink(reactor, listener->file);
  const engine::Instant give_up = (*backend)->now() + engine::seconds(30);
  while ((sink.accepted_count() < 8 || sink.open_count() > 0) && (*backend)->now() < give_up) reactor.turn(give_up);

  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(sink.lines() == 50'000);
  uint64_t bytes = 0;
  std::vector<char> buffer(tools::RowSource::row_size_max * 8'000);
  for (uint32_t sender = 0; sender < 8; ++sender)
    bytes += rows->fill({.sender = sender}, rows->sender_rows(sender), buffer).size;
  CHECK(sink.bytes() == bytes);
}
