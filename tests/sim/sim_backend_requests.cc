// The part of SimBackend that carries out requests.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/base/verify.h"
#include "tests/sim/sim_backend.h"

namespace sim {

using engine::BufferId;
using engine::IoOp;
using engine::IoRequest;
using engine::IoResult;

namespace {

constexpr int32_t stream_end = INT32_MIN;  // nothing more will come; no errno has this value

bool is_socket_wait(IoOp op) {
  return op == IoOp::accept || op == IoOp::recv || op == IoOp::recv_once || op == IoOp::recv_from || op == IoOp::recv_into ||
         op == IoOp::send;
}

}  // namespace

std::optional<int32_t> SimBackend::step_disk(Request& request) {
  const IoRequest& asked = request.request;
  SimDisk& disk = world_.disk();
  switch (asked.op) {
    case IoOp::open:
      return open(asked);
    case IoOp::rename:
      return disk.rename(asked.path, asked.path_target);
    case IoOp::unlink:
      return disk.unlink(asked.path);
    case IoOp::mkdir:
      return disk.mkdir(asked.path);
    case IoOp::rmdir:
      return disk.rmdir(asked.path);
    default:
      break;
  }
  if (request.stage == Stage::submitted) request.file = slot(asked.file).file;
  const auto* handle = std::get_if<FileHandle>(&request.file);
  if (handle == nullptr) return -EBADF;
  switch (asked.op) {
    case IoOp::read:
      return disk.read(*handle, asked.offset, asked.buffer);
    case IoOp::write: {
      ChangeId change = 0;
      return disk.write(*handle, asked.offset, asked.buffer, change);
    }
    case IoOp::write_dsync:
      return step_dsync(request);
    case IoOp::sync_data:
      return step_sync(request);
    case IoOp::allocate:
      return disk.allocate(*handle, asked.offset, asked.size);
    default:
      UNREACHABLE("not a disk operation");
  }
}

int32_t SimBackend::open(const IoRequest& request) {
  Slot& place = slot(request.file);
  VERIFY(std::holds_alternative<std::monostate>(place.file));
  FileHandle handle;
  const int32_t result = world_.disk().open(request.path, request.open_mode, handle);
  if (result == 0) place.file = std::move(handle);
  return result;
}

std::optional<int32_t> SimBackend::step_dsync(Request& request) {
  const FileHandle& handle = std::get<FileHandle>(request.file);
  if (request.stage == Stage::submitted) {
    request.written = world_.disk().write(handle, request.request.offset, request.request.buffer, request.change);
    if (request.written <= 0) return request.written;
    request.stage = Stage::started;
    return std::nullopt;
  }
  const int32_t error = world_.disk().persist(handle, request.change);
  return error != 0 ? error : request.written;
}

std::optional<int32_t> SimBackend::step_sync(Request& request) {
  if (request.stage == Stage::submitted) {
    request.change = world_.disk().last_change();
    request.stage = Stage::started;
    return std::nullopt;
  }
  return world_.disk().sync(std::get<FileHandle>(request.file), request.change);
}

int32_t SimBackend::close(engine::FileId file) {
  Slot& place = slot(file);
  if (!place.reserved) return -EBADF;
  const int32_t result = std::holds_alternative<std::monostate>(place.file) ? -EBADF : 0;
  place = {};
  slots_free_.push_back(file.value);
  return result;
}

int32_t SimBackend::cancel(const engine::IoCompletion* target) {
  for (auto& [id, request] : requests_) {
    if (request.request.completion != target) continue;
    if (!is_socket_wait(request.request.op)) return -EALREADY;
    finish(id, -ECANCELED);
    return 0;
  }
  return -ENOENT;
}

int32_t SimBackend::shutdown(engine::FileId file) {
  const File place = slot(file).file;
  if (const auto* socket = std::get_if<std::shared_ptr<SimSocket>>(&place)) return (*socket)->shutdown();
  if (const auto* listener = std::get_if<std::shared_ptr<SimListener>>(&place)) {
    (*listener)->shutdown = true;
    (*listener)->reader.notify();
    return 0;
  }
  if (const auto* datagrams = std::get_if<std::shared_ptr<SimUdpSocket>>(&place)) {
    (*datagrams)->shutdown = true;
    (*datagrams)->reader.notify();
    return -ENOTCONN;  // what Linux says, although it ends the receives
  }
  return -EBADF;
}

SocketWait* SimBackend::wait_of(Request& request) {
  if (request.stage != Stage::started) return nullptr;
  if (const auto* socket = std::get_if<std::shared_ptr<SimSocket>>(&request.file)) {
    TcpConnection& connection = (*socket)->connection();
    return request.request.op == IoOp::send ? &connection.writer : &connection.reader;
  }
  if (const auto* listener = std::get_if<std::shared_ptr<SimListener>>(&request.file)) return &(*listener)->reader;
  if (const auto* datagrams = std::get_if<std::shared_ptr<SimUdpSocket>>(&request.file)) return &(*datagrams)->reader;
  return nullptr;
}

void SimBackend::start_waiting(uint64_t id, Request& request) {
  const IoOp op = request.request.op;
  request.file = slot(request.request.file).file;
  const bool fits = op == IoOp::accept      ? std::holds_alternative<std::shared_ptr<SimListener>>(request.file)
                    : op == IoOp::recv_from ? std::holds_alternative<std::shared_ptr<SimUdpSocket>>(request.file)
                                            : std::holds_alternative<std::shared_ptr<SimSocket>>(request.file);
  if (!fits) {
    finish(id, -EBADF);
    return;
  }
  request.stage = Stage::started;
  SocketWait* wait = wait_of(request);
  VERIFY(wait->waiter == nullptr);  // two receives or two sends at once on one socket would mix their bytes
  *wait = {.waiter = this, .token = id};
  serve(id, request);
}

void SimBackend::on_socket_ready(uint64_t token) {
  const auto found = requests_.find(token);
  VERIFY(found != requests_.end());
  serve(token, found->second);
}

// Does all that can be done now; each step returns whether the request is still there and another step may follow.
void SimBackend::serve(uint64_t id, Request& request) {
  bool again = true;
  while (again) {
    switch (request.request.op) {
      case IoOp::accept:
        again = serve_accept(id, request);
        break;
      case IoOp::recv_into:
        again = serve_receive_into(id, request);
        break;
      case IoOp::send:
        again = serve_send(id, request);
        break;
      default:
        again = serve_receive(id, request);
    }
  }
}

bool SimBackend::multishot_goes_on() { return !world_.happens(world_.options().net.multishot_end_rate, Fault::multishot_end); }

bool SimBackend::serve_accept(uint64_t id, Request& request) {
  const int32_t result = world_.net().accept(*std::get<std::shared_ptr<SimListener>>(request.file));
  if (result == -EAGAIN) return false;
  return post(id, {.result = result, .more = result >= 0 && multishot_goes_on(), .peer = world_.net().peer_of(result)});
}

bool SimBackend::serve_send(uint64_t id, Request& request) {
  const int32_t result = std::get<std::shared_ptr<SimSocket>>(request.file)->send(request.request.buffer);
  if (result == -EAGAIN) return false;
  return finish(id, result);
}

bool SimBackend::serve_receive(uint64_t id, Request& request) {
  const BufferId buffer = lend_buffer();
  if (buffer == engine::buffer_none) return finish(id, -ENOBUFS);
  const std::span<std::byte> target = buffer_bytes(buffer);
  engine::SocketAddress peer;
  const int32_t result = receive(request, target, peer);
  if (result < 0) {
    release_buffer(buffer);
    if (result == -EAGAIN) return false;
    return finish(id, result == stream_end ? 0 : result);
  }
  return post(id, {.result = result,
                   .more = request.request.op != IoOp::recv_once && multishot_goes_on(),
                   .buffer = buffer,
                   .data = target.first(static_cast<size_t>(result)),
                   .peer = peer});
}

bool SimBackend::serve_receive_into(uint64_t id, Request& request) {
  engine::SocketAddress peer;
  const int32_t result = receive(request, request.request.buffer, peer);
  if (result == -EAGAIN) return false;
  return finish(id, result == stream_end ? 0 : result);
}

// Bytes received, of a datagram maybe none; stream_end, -EAGAIN or another -errno.
int32_t SimBackend::receive(Request& request, std::span<std::byte> target, engine::SocketAddress& peer) {
  if (request.request.op != IoOp::recv_from) {
    const int32_t result = std::get<std::shared_ptr<SimSocket>>(request.file)->receive(target);
    return result == 0 ? stream_end : result;
  }
  SimUdpSocket& socket = *std::get<std::shared_ptr<SimUdpSocket>>(request.file);
  if (socket.queue.empty()) return socket.shutdown ? stream_end : -EAGAIN;
  const Datagram datagram = std::move(socket.queue.front());
  socket.queue.pop_front();
  const size_t size = std::min(target.size(), datagram.bytes.size());  // the rest is cut off, as recvmsg does
  std::memcpy(target.data(), datagram.bytes.data(), size);
  peer = datagram.peer;
  return static_cast<int32_t>(size);
}

}  // namespace sim
