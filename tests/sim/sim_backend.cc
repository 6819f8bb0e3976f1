#include "tests/sim/sim_backend.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/base/verify.h"

namespace sim {
namespace {

using engine::BufferId;
using engine::FileId;
using engine::Instant;
using engine::IoOp;
using engine::IoRequest;
using engine::IoResult;

constexpr size_t files_max = 1 << 16;
constexpr engine::Duration socket_latency_max = engine::microseconds(5);
constexpr std::byte scribble{0xdd};  // over returned buffers: who reads them too late shall notice

bool is_disk(IoOp op) { return op <= IoOp::rmdir && op != IoOp::close; }

bool needs_file(IoOp op) {
  return op != IoOp::rename && op != IoOp::unlink && op != IoOp::mkdir && op != IoOp::rmdir && op != IoOp::cancel;
}

uint64_t bits(int64_t value) { return static_cast<uint64_t>(value); }

}  // namespace

SimBackend::SimBackend(SimWorld& world, const BackendOptions& options)
    : world_(world), options_(options), sink_(world.add_sink(*this)), lent_(options.receive_buffer_count) {
  for (size_t index = options.receive_buffer_count; index-- > 0;) buffers_free_.push_back(static_cast<uint32_t>(index));
  world_.add_backend(*this);
}

SimBackend::~SimBackend() {
  for (auto& [id, request] : requests_) {
    if (SocketWait* wait = wait_of(request)) *wait = {};
  }
  world_.remove_sink(sink_);
  world_.remove_backend(*this);
}

size_t SimBackend::submit(std::span<const IoRequest> requests) {
  size_t count = std::min(requests.size(), options_.requests_max - requests_taken_);
  // Something is in flight, so that the caller gets a chance to go on.
  if (count > 0 && requests_taken_ > 0 && world_.happens(options_.submit_short_rate, Fault::submit_short))
    count = world_.prng().below(count);
  for (const IoRequest& request : requests.first(count)) take(request);
  return count;
}

void SimBackend::take(const IoRequest& request) {
  if (needs_file(request.op)) VERIFY(slot(request.file).reserved);
  if (request.completion != nullptr) VERIFY(completions_.insert(request.completion).second);
  const uint64_t id = request_next_++;
  ++requests_taken_;
  requests_.emplace(id, Request{.request = request});
  if (world_.outage() != Outage::none) {
    finish(id, -EIO);
  } else {
    schedule(id, request.op);
  }
}

void SimBackend::schedule(uint64_t id, IoOp op) {
  engine::Duration delay = world_.latency({0}, socket_latency_max);
  if (is_disk(op)) {
    const DiskFaults& faults = world_.options().disk;
    delay = world_.latency(faults.latency_min, faults.latency_max);
    if (world_.happens(faults.stall_rate, Fault::disk_stall)) delay = delay + world_.latency({0}, faults.stall_max);
  }
  world_.schedule(sink_, id, delay);
}

size_t SimBackend::reap(std::span<IoResult> results, Instant deadline) {
  VERIFY(!results.empty());
  for (SimBackend* peer : std::exchange(wakes_, {})) peer->interrupt();
  if (waiter_ != nullptr) {
    waiting_until_ = deadline;
    waiter_->wait();
  }
  while (waiter_ == nullptr && world_.auto_advance() && ready_.empty() && !woken_ && world_.now() < deadline) {
    if (!world_.advance_to_event(deadline)) break;
  }
  woken_ = false;
  if (ready_.empty()) {
    waiting_until_ = deadline;
    return 0;
  }
  waiting_until_ = world_.now();
  engine::Prng& prng = world_.prng();
  size_t count = std::min(results.size(), ready_.size());
  if (prng.chance(1, 4)) count = prng.between(1, count);
  for (IoResult& result : results.first(count)) {
    const Ready ready = take_ready(prng.below(ready_.size()));
    trace(ready);
    result = ready.result;
    if (result.more) continue;
    completions_.erase(result.completion);
    --requests_taken_;
  }
  return count;
}

// The oldest result of the request that the one at `index` belongs to.
SimBackend::Ready SimBackend::take_ready(size_t index) {
  const engine::IoCompletion* completion = ready_[index].result.completion;
  const auto first = std::ranges::find_if(ready_, [&](const Ready& ready) { return ready.result.completion == completion; });
  Ready ready = *first;
  ready_.erase(first);
  return ready;
}

void SimBackend::trace(const Ready& ready) {
  world_.trace(sink_);
  world_.trace(static_cast<uint64_t>(ready.op));
  world_.trace(ready.subject);
  world_.trace(bits(ready.result.result));
  world_.trace(ready.result.more ? 1 : 0);
  world_.trace_bytes(ready.result.data);
}

Instant SimBackend::next_wakeup() const {
  if (held_) return engine::instant_never;
  return !ready_.empty() || woken_ ? Instant{} : waiting_until_;
}

bool SimBackend::post(uint64_t id, IoResult result) {
  const auto found = requests_.find(id);
  VERIFY(found != requests_.end());
  Request& request = found->second;
  result.completion = request.request.completion;
  Ready ready{.result = result, .op = request.request.op, .subject = request.request.file.value};
  if (const auto* handle = std::get_if<FileHandle>(&request.file)) ready.subject = handle->inode->number;
  if (const auto* socket = std::get_if<std::shared_ptr<SimSocket>>(&request.file)) {
    ready.subject = bits((*socket)->connection().number);
  }
  if (!result.more) {
    if (SocketWait* wait = wait_of(request)) *wait = {};
    requests_.erase(found);
  }
  if (result.completion != nullptr) {
    ready_.push_back(ready);
  } else {
    trace(ready);
    if (!result.more) --requests_taken_;
  }
  return result.more;
}

void SimBackend::on_event(uint64_t token) {
  const auto found = requests_.find(token);
  if (found == requests_.end()) return;  // canceled
  Request& request = found->second;
  if (is_disk(request.request.op)) {
    const IoOp op = request.request.op;
    const std::optional<int32_t> result = step_disk(request);
    if (result.has_value()) request.stage = Stage::finished;
    world_.on_disk_effect();
    if (world_.outage() != Outage::none) return;  // fail_all has dealt with it
    if (result.has_value()) {
      finish(token, *result);
    } else {
      schedule(token, op);
    }
    return;
  }
  switch (request.request.op) {
    case IoOp::close:
      finish(token, close(request.request.file));
      return;
    case IoOp::cancel:
      finish(token, cancel(request.request.target));
      return;
    case IoOp::shutdown:
      finish(token, shutdown(request.request.file));
      return;
    default:
      start_waiting(token, request);
  }
}

void SimBackend::finish_some() {
  for (auto& [id, request] : requests_) {
    if (!is_disk(request.request.op)) continue;
    for (uint64_t steps = world_.prng().below(3); steps > 0 && request.stage != Stage::finished; --steps) {
      if (step_disk(request).has_value()) request.stage = Stage::finished;
    }
  }
}

void SimBackend::fail_all() {
  std::vector<Ready> ready = std::exchange(ready_, {});
  for (Ready& lost : ready) {
    if (lost.result.buffer != engine::buffer_none) release_buffer(lost.result.buffer);
    if (lost.result.more) continue;
    lost.result = {.completion = lost.result.completion, .result = -EIO};
    ready_.push_back(lost);
  }
  while (!requests_.empty()) finish(requests_.begin()->first, -EIO);
}

void SimBackend::wake(engine::IoBackend& peer) {
  auto* backend = dynamic_cast<SimBackend*>(&peer);
  VERIFY(backend != nullptr);
  wakes_.push_back(backend);
}

SimBackend::Slot& SimBackend::slot(FileId file) {
  VERIFY_LT(file.value, slots_.size());
  return slots_[file.value];
}

FileId SimBackend::reserve_file() {
  if (slots_free_.empty()) {
    VERIFY_LT(slots_.size(), files_max);
    slots_free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const FileId file{slots_free_.back()};
  slots_free_.pop_back();
  slots_[file.value].reserved = true;
  return file;
}

FileId SimBackend::put_file(File file) {
  const FileId id = reserve_file();
  slots_[id.value].file = std::move(file);
  return id;
}

FileId SimBackend::adopt_socket(int32_t raw_socket) {
  if (world_.outage() != Outage::none) return reserve_file();  // the connection is gone; what is done with it fails
  return put_file(world_.net().adopt(raw_socket));
}

absl::StatusOr<std::vector<engine::DirectoryEntry>> SimBackend::list_directory(std::string_view path) {
  std::vector<engine::DirectoryEntry> entries;
  const int32_t result = world_.outage() != Outage::none ? -EIO : world_.disk().list(path, entries);
  if (result < 0) return engine::errno_status(-result, std::string("list ") + std::string(path));
  return entries;
}

absl::StatusOr<engine::BoundSocket> SimBackend::listen_tcp(engine::SocketAddress address) {
  if (world_.outage() != Outage::none) return engine::errno_status(EIO, "listen");
  std::shared_ptr<SimListener> listener = world_.net().listen(address.port);
  if (listener == nullptr) return engine::errno_status(EADDRINUSE, "listen");
  address.port = listener->port;
  return engine::BoundSocket{.file = put_file(std::move(listener)), .address = address};
}

absl::StatusOr<engine::BoundSocket> SimBackend::bind_udp(const engine::UdpBinding& binding) {
  if (world_.outage() != Outage::none) return engine::errno_status(EIO, "bind");
  engine::SocketAddress address = binding.address;
  std::shared_ptr<SimUdpSocket> socket = world_.net().bind(address.port);
  address.port = socket->port;
  return engine::BoundSocket{.file = put_file(std::move(socket)), .address = address};
}

engine::Delivery SimBackend::delivery(FileId socket) {
  const auto* tcp = std::get_if<std::shared_ptr<SimSocket>>(&slots_[socket.value].file);
  return tcp == nullptr ? engine::Delivery::lost : (*tcp)->delivery();
}

uint32_t SimBackend::datagrams_lost(FileId socket) {
  const auto* udp = std::get_if<std::shared_ptr<SimUdpSocket>>(&slots_[socket.value].file);
  return udp == nullptr ? 0 : (*udp)->lost;
}

BufferId SimBackend::lend_buffer() {
  if (buffers_free_.empty()) return engine::buffer_none;
  if (world_.happens(world_.options().net.buffers_exhausted_rate, Fault::buffers_exhausted)) return engine::buffer_none;
  if (buffer_memory_.empty()) buffer_memory_.resize(options_.receive_buffer_count * options_.receive_buffer_size);
  const BufferId buffer{buffers_free_.back()};
  buffers_free_.pop_back();
  lent_[buffer.value] = true;
  return buffer;
}

std::span<std::byte> SimBackend::buffer_bytes(BufferId buffer) {
  return std::span(buffer_memory_).subspan(buffer.value * options_.receive_buffer_size, options_.receive_buffer_size);
}

void SimBackend::release_buffer(BufferId buffer) {
  VERIFY_LT(buffer.value, lent_.size());
  VERIFY(lent_[buffer.value]);
  lent_[buffer.value] = false;
  std::ranges::fill(buffer_bytes(buffer), scribble);
  buffers_free_.push_back(buffer.value);
}

}  // namespace sim
