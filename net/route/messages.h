// What a node's threads say to each other beside storage/route/messages.h. Kinds follow those of storage; objects behind
// pointers are lent and come home with the answer.
#pragma once

#include <cstdint>

#include "engine/io/backend.h"
#include "engine/shard/service.h"
#include "storage/route/messages.h"

namespace net {

using engine::make_message;

// Grouped by the receiver.
enum class MessageKind : uint16_t {
  tcp_handoff = storage::storage_kind_count,  // listener -> Ingest: SocketHandoff
  ledger_ask,                                 // reader -> Ingest: LedgerAsk
  control,                                    // main -> NodeShard: ControlStep
  http_handoff,                               // HttpServer of shard 0 -> HttpServer: SocketHandoff
  query_part,                                 // reader -> HttpServer: Query, with text to send
  query,                                      // HttpServer -> reader: Query, new
  query_go_on,                                // HttpServer -> reader: the text is taken
  ledger_answer,                              // Ingest -> reader
  control_done,                               // NodeShard -> main
};

inline constexpr engine::MessageKinds ingest_kinds = engine::kinds_between(MessageKind::tcp_handoff, MessageKind::ledger_ask);
inline constexpr engine::MessageKinds control_kinds = engine::kinds_between(MessageKind::control, MessageKind::control);
inline constexpr engine::MessageKinds http_kinds = engine::kinds_between(MessageKind::http_handoff, MessageKind::query_part);

// An accepted connection on its way to the shard that will read it. Travels by value.
struct SocketHandoff {
  int32_t raw_socket = -1;
  engine::SocketAddress peer;
};

}  // namespace net
