#include "tools/sink/discard_sink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tools {

using engine::FileId;
using engine::IoOp;
using engine::IoRequest;
using engine::IoResult;

class DiscardSink::Connection {
 public:
  explicit Connection(DiscardSink& sink) : sink_(sink) {}

  bool idle() const { return file_ == engine::file_none; }

  void open(FileId file) {
    file_ = file;
    ++sink_.open_count_;
    receive();
  }

 private:
  void receive() { sink_.reactor_.submit({.op = IoOp::recv, .file = file_, .completion = &received_}); }

  void on_received(const IoResult& result) {
    if (result.result > 0) sink_.count(result.data);
    if (result.buffer != engine::buffer_none) sink_.reactor_.backend().release_buffer(result.buffer);
    if (result.more) return;
    // The kernel may end a multishot receive at any time, and does when it is out of buffers.
    if (result.result > 0 || result.result == -ENOBUFS) {
      receive();
    } else {
      sink_.reactor_.submit({.op = IoOp::close, .file = file_, .completion = &closed_});
    }
  }

  void on_closed(const IoResult&) {
    file_ = engine::file_none;
    --sink_.open_count_;
  }

  DiscardSink& sink_;
  FileId file_ = engine::file_none;
  engine::MemberCompletion<&Connection::on_received> received_{*this};
  engine::MemberCompletion<&Connection::on_closed> closed_{*this};
};

DiscardSink::DiscardSink(engine::Reactor& reactor, FileId listener) : reactor_(reactor), listener_(listener) { accept(); }

DiscardSink::~DiscardSink() = default;

void DiscardSink::accept() { reactor_.submit({.op = IoOp::accept, .file = listener_, .completion = &accepted_}); }

void DiscardSink::on_accepted(const IoResult& result) {
  if (result.result >= 0) {
    const FileId file = reactor_.backend().adopt_socket(result.result);
    ++accepted_count_;
    auto place =
        std::find_if(connections_.begin(), connections_.end(), [](const auto& connection) { return connection->idle(); });
    if (place == connections_.end() && connections_.size() < connection_count_max) {
      connections_.push_back(std::make_unique<Connection>(*this));
      place = connections_.end() - 1;
    }
    if (place != connections_.end()) {
      (*place)->open(file);
    } else {
      reactor_.submit({.op = IoOp::close, .file = file});
    }
  }
  if (!result.more && result.result != -ECANCELED) accept();
}

void DiscardSink::count(std::span<const std::byte> data) {
  bytes_ += data.size();
  const std::byte* next = data.data();
  const std::byte* const end = next + data.size();
  while ((next = static_cast<const std::byte*>(std::memchr(next, '\n', static_cast<size_t>(end - next)))) != nullptr) {
    ++lines_;
    if (++next == end) break;
  }
}

}  // namespace tools
