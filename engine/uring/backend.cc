#include "engine/uring/backend.h"

#include <liburing.h>
#include <sched.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <span>
#include <utility>

#include "engine/base/verify.h"
#include "engine/io/socket_name.h"
#include "engine/uring/requests.h"

namespace engine {
namespace {

// user_data that is no index of a request. UINT64_MAX itself is liburing's.
constexpr uint64_t user_data_wake = UINT64_MAX - 1;  // a peer woke us
constexpr uint64_t user_data_none = UINT64_MAX - 2;  // no request: the target of a cancel that comes too late; cancel_all

// Our wake of the peer whose ring has the descriptor in the low bits failed; success makes no completion. Indices of requests
// have 32 bits, and a descriptor has 31, so it is neither an index nor one of those above.
constexpr uint64_t user_data_wake_sent = uint64_t{1} << 63;

constexpr bool is_wake_sent(uint64_t user_data) { return (user_data & ~uint64_t{INT32_MAX}) == user_data_wake_sent; }

constexpr Duration wait_max = seconds(3'600);  // now + wait stays far from the end of the kernel's 64 bits
constexpr Duration cancel_wait_max = milliseconds(10);
constexpr Duration owed_wake_wait_max = milliseconds(1);

Instant clock_now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

// The kernel had no memory to keep the results of requests that have completed: which ones, it does not say, and who waits for
// them would do so for ever. That is no bug of ours and nothing to go on from; a start finds everything that was acknowledged.
[[noreturn]] void end_without_completions() {
  std::fputs("millrace: the kernel is out of memory and has lost results of I/O; this process cannot go on\n", stderr);
  ::_exit(EX_OSERR);
}

}  // namespace

absl::StatusOr<std::unique_ptr<UringBackend>> UringBackend::create(const UringOptions& options) {
  VERIFY(std::has_single_bit(options.submission_count_max));
  VERIFY(std::has_single_bit(options.completion_count_max));
  VERIFY_GE(options.completion_count_max, options.submission_count_max);
  ASSIGN_OR_RETURN(OwnedFd data_directory, open_directory(options.data_directory));
  std::unique_ptr<UringBackend> backend(new UringBackend(options, std::move(data_directory)));
  RETURN_IF_ERROR(backend->set_up());
  return backend;
}

UringBackend::UringBackend(const UringOptions& options, OwnedFd data_directory)
    : options_(options),
      kernel_facts_(read_kernel_facts()),
      data_directory_(std::move(data_directory)),
      pending_(options.request_count_max),
      files_(options.file_count_max),
      prng_(random_seed()) {
  pending_free_.reserve(options.request_count_max);
  for (uint32_t index = options.request_count_max; index > 0; --index) pending_free_.push_back(index - 1);
}

absl::Status UringBackend::set_up() {
  io_uring_params parameters{};
  parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                     IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_R_DISABLED;
  parameters.cq_entries = options_.completion_count_max;
  auto ring = std::make_unique<io_uring>();
  if (const int error = io_uring_queue_init_params(options_.submission_count_max, ring.get(), &parameters); error != 0) {
    return explain_setup_failure(-error, kernel_facts_);
  }
  ring_.reset(ring.release());  // open from here on
  ring_fd_ = ring_->ring_fd;
  RETURN_IF_ERROR(check_operations(*ring_, kernel_facts_));
  ASSIGN_OR_RETURN(receive_, UringReceive::create(*ring_, {.stream_buffer_count = options_.stream_buffer_count,
                                                           .stream_buffer_size = options_.stream_buffer_size,
                                                           .datagram_buffer_count = options_.datagram_buffer_count}));
  return restrict_operations(*ring_);
}

void UringBackend::CloseRing::operator()(io_uring* ring) const {
  io_uring_queue_exit(ring);
  delete ring;
}

UringBackend::~UringBackend() {
  if (ring_ == nullptr || owner_ == 0) return;
  if (is_owner()) {
    cancel_all();
    return;
  }
  // The owner has ended and the kernel has cancelled what it left behind. Its registered ring descriptor went with it: the
  // number now means another ring, that of the calling thread, and must not be unregistered by io_uring_queue_exit.
  ring_->int_flags = 0;
  ring_->enter_ring_fd = ring_fd_;
}

bool UringBackend::is_owner() const { return owner_ == gettid(); }

void UringBackend::enable_once() {
  if (owner_ != 0) return;
  owner_ = gettid();
  // By number: liburing 2.3 declares io_uring_enable_rings, but its shared library does not export it.
  VERIFY_EQ(io_uring_register(static_cast<unsigned>(ring_fd_), IORING_REGISTER_ENABLE_RINGS, nullptr, 0), 0);
  // The rest makes things faster, not possible: a failure changes nothing that anybody sees.
  static_cast<void>(io_uring_register_ring_fd(ring_.get()));
  std::array<unsigned, 2> workers_max{options_.kernel_worker_count_max, options_.kernel_worker_count_max};
  static_cast<void>(io_uring_register_iowq_max_workers(ring_.get(), workers_max.data()));
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
    static_cast<void>(io_uring_register_iowq_aff(ring_.get(), sizeof(cpus), &cpus));
  }
}

void UringBackend::cancel_all() {
  while (pending_free_.size() < pending_.size()) {
    // Again and again, because a multishot request that was just being served misses the cancel and arms itself once more.
    if (io_uring_sqe* entry = next_entry(); entry != nullptr) {
      io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
      io_uring_sqe_set_data64(entry, user_data_none);
    }
    enter(cancel_wait_max);
    IoResult result;
    unsigned seen = 0;
    unsigned head = 0;
    const io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(ring_.get(), head, entry) {
      const bool is_socket =
          entry->user_data < pending_.size() && pending_[entry->user_data].op == IoOp::accept && entry->res >= 0;
      if (is_socket) static_cast<void>(OwnedFd(entry->res));  // nobody will adopt it
      take_completion(*entry, result);
      ++seen;
    }
    io_uring_cq_advance(ring_.get(), seen);
  }
}

std::vector<UringFeature> UringBackend::features() const {
  std::vector<UringFeature> features = describe_features(ring_->features, kernel_facts_);
  features.push_back({"stream receive buffers", "yes", receive_->describe_stream_buffers()});
  features.push_back({"datagram receive buffers", "yes", receive_->describe_datagram_buffers()});
  features.push_back(
      {"kernel workers", "yes", "at most " + std::to_string(options_.kernel_worker_count_max) + " of each kind"});
  return features;
}

size_t UringBackend::submit(std::span<const IoRequest> requests) {
  enable_once();
  VERIFY_DEBUG(is_owner());
  size_t taken = 0;
  while (taken < requests.size() && !pending_free_.empty()) {
    io_uring_sqe* entry = next_entry();
    if (entry == nullptr) break;
    prepare(*entry, requests[taken]);
    ++taken;
  }
  return taken;
}

// Null when the ring is full and the kernel takes nothing from it.
io_uring_sqe* UringBackend::next_entry() {
  VERIFY_NE(owner_, 0);
  if (io_uring_sqe* entry = io_uring_get_sqe(ring_.get()); entry != nullptr) return entry;
  io_uring_submit(ring_.get());
  return io_uring_get_sqe(ring_.get());
}

void UringBackend::prepare(io_uring_sqe& entry, const IoRequest& request) {
  switch (request.op) {
    case IoOp::open:
    case IoOp::rename:
    case IoOp::unlink:
    case IoOp::mkdir:
    case IoOp::rmdir:
      prepare_path(entry, data_directory_.get(), files_, request);
      break;
    case IoOp::close:
    case IoOp::read:
    case IoOp::write:
    case IoOp::write_dsync:
    case IoOp::sync_data:
    case IoOp::allocate:
      prepare_file(entry, files_, request);
      break;
    case IoOp::accept:
    case IoOp::recv_into:
    case IoOp::send:
    case IoOp::shutdown:
      prepare_socket(entry, files_, request);
      break;
    case IoOp::recv:
    case IoOp::recv_once:
    case IoOp::recv_from:
      receive_->prepare(entry, request.op, files_.fd(request.file));
      break;
    case IoOp::cancel:
      prepare_cancel(entry, request.target);
      break;
  }
  const uint32_t index = pending_free_.back();
  pending_free_.pop_back();
  VERIFY(!pending_[index].is_in_flight);
  pending_[index] = {.completion = request.completion, .file = request.file, .op = request.op, .is_in_flight = true};
  io_uring_sqe_set_data64(&entry, index);
}

// A walk over all requests: a cancel is as rare as the end of a connection.
void UringBackend::prepare_cancel(io_uring_sqe& entry, const IoCompletion* target) {
  VERIFY(target != nullptr);
  const auto found = std::ranges::find_if(
      pending_, [&](const Pending& pending) { return pending.is_in_flight && pending.completion == target; });
  if (found != pending_.end()) found->is_cancelled = true;
  io_uring_prep_cancel64(&entry, found == pending_.end() ? user_data_none : static_cast<uint64_t>(found - pending_.begin()), 0);
}

size_t UringBackend::reap(std::span<IoResult> results, Instant deadline) {
  enable_once();
  VERIFY_DEBUG(is_owner());
  // The kernel refuses a wake of a ring that is not enabled. Such a wake belongs to the first reap, which therefore never
  // waits.
  const Instant start = now();
  const bool waits = !is_first_reap_ && deadline > start;
  is_first_reap_ = false;
  enter(waits ? std::min(deadline - start, wait_max) : Duration{});
  return take_completions(results);
}

// Hands over what was submitted, the wakes first, and runs deferred work. Waits for a completion or a wake if there is none.
void UringBackend::enter(Duration wait) {
  send_owed_wakes();
  if (!wakes_owed_.empty()) wait = std::min(wait, owed_wake_wait_max);
  int result = 0;
  if (wait.ns > 0) {
    io_uring_cqe* first = nullptr;
    __kernel_timespec timeout{.tv_sec = wait.ns / 1'000'000'000, .tv_nsec = wait.ns % 1'000'000'000};
    result = io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &timeout, nullptr);
  } else {
    result = io_uring_submit_and_get_events(ring_.get());
  }
  if (result == -EBADR) end_without_completions();
  // Nothing in time, a signal, or short of memory: the entries that were not taken stay in the ring for the next call.
  VERIFY(result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY || result == -ENOMEM);
}

size_t UringBackend::take_completions(std::span<IoResult> results) {
  size_t taken = 0;
  unsigned seen = 0;
  unsigned head = 0;
  const io_uring_cqe* entry = nullptr;
  io_uring_for_each_cqe(ring_.get(), head, entry) {
    if (taken == results.size()) break;
    if (take_completion(*entry, results[taken])) ++taken;
    ++seen;
  }
  io_uring_cq_advance(ring_.get(), seen);
  return taken;
}

// False: nobody is to hear of it.
bool UringBackend::take_completion(const io_uring_cqe& entry, IoResult& result) {
  if (entry.user_data == user_data_wake || entry.user_data == user_data_none) return false;
  if (is_wake_sent(entry.user_data)) {
    take_wake_failure(entry);
    return false;
  }
  VERIFY_LT(entry.user_data, pending_.size());
  Pending& pending = pending_[entry.user_data];
  VERIFY(pending.is_in_flight);
  VERIFY_LT(pending_free_.size(), pending_.size());
  if (entry.res == -ENOBUFS && receive_again(entry.user_data)) return false;
  result = {.completion = pending.completion, .result = entry.res, .more = (entry.flags & IORING_CQE_F_MORE) != 0};
  take_effect(pending, entry, result);
  if (!result.more) {
    pending.is_in_flight = false;
    pending_free_.push_back(static_cast<uint32_t>(entry.user_data));
  }
  return result.completion != nullptr;
}

void UringBackend::take_wake_failure(const io_uring_cqe& entry) {
  // A peer that sleeps must hear of it in the end.
  if (entry.res == -ENOMEM || entry.res == -EAGAIN) return owe_wake(static_cast<int>(entry.user_data & INT32_MAX));
  // EBADFD: the peer has not begun, and its first reap does not wait. EOVERFLOW: it has more to reap than it can hold.
  // EOWNERDEAD: its thread has ended.
  VERIFY(entry.res == -EBADFD || entry.res == -EOVERFLOW || entry.res == -EOWNERDEAD);
}

// What the request has changed here, and what it has brought.
void UringBackend::take_effect(const Pending& pending, const io_uring_cqe& entry, IoResult& result) {
  switch (pending.op) {
    case IoOp::open:
      if (entry.res < 0) break;
      VERIFY_LT(files_.fd(pending.file), 0);
      files_.at(pending.file).fd = OwnedFd(entry.res);
      result.result = 0;
      break;
    case IoOp::close:
      files_.free(pending.file);
      break;
    case IoOp::accept:
      if (entry.res >= 0) result.peer = peer_address(entry.res).value_or(SocketAddress{});  // it may be gone already
      break;
    case IoOp::recv:
    case IoOp::recv_once:
      receive_->take_stream_data(entry, result);
      break;
    case IoOp::recv_from:
      receive_->take_datagram(entry, result);
      break;
    default:
      break;
  }
}

// The kernel had no buffer although there are some: it gets them, and the request goes to it once more.
bool UringBackend::receive_again(uint64_t index) {
  const Pending& pending = pending_[index];
  if ((pending.op != IoOp::recv && pending.op != IoOp::recv_once) || pending.is_cancelled) return false;
  if (files_.at(pending.file).fd.get() < 0 || !receive_->offer_more()) return false;
  io_uring_sqe* entry = next_entry();
  if (entry == nullptr) return false;  // the kernel takes nothing: whoever asked does so again
  receive_->prepare(*entry, pending.op, files_.fd(pending.file));
  io_uring_sqe_set_data64(entry, index);
  return true;
}

Instant UringBackend::now() const { return clock_now(CLOCK_MONOTONIC); }

WallTime UringBackend::wall_now() const { return {clock_now(CLOCK_REALTIME).ns}; }

void UringBackend::wake(IoBackend& peer) {
  enable_once();
  send_wake(static_cast<UringBackend&>(peer).ring_fd_);  // all backends of a node are of one kind
}

void UringBackend::send_wake(int peer_fd) {
  VERIFY_GE(peer_fd, 0);
  io_uring_sqe* entry = next_entry();
  if (entry == nullptr) return owe_wake(peer_fd);
  io_uring_prep_msg_ring(entry, peer_fd, 0, user_data_wake, 0);
  io_uring_sqe_set_data64(entry, user_data_wake_sent | static_cast<uint64_t>(peer_fd));
  entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

// One is enough for each peer, however often it was called.
void UringBackend::owe_wake(int peer_fd) {
  if (std::ranges::find(wakes_owed_, peer_fd) == wakes_owed_.end()) wakes_owed_.push_back(peer_fd);
}

void UringBackend::send_owed_wakes() {
  for (const int peer_fd : std::exchange(wakes_owed_, {})) send_wake(peer_fd);
}

absl::StatusOr<std::vector<DirectoryEntry>> UringBackend::list_directory(std::string_view path) {
  return list_entries(data_directory_, std::string(path));
}

absl::StatusOr<BoundSocket> UringBackend::listen_tcp(SocketAddress address) {
  ASSIGN_OR_RETURN(ListeningSocket socket, open_tcp_listener(address));
  return BoundSocket{files_.adopt(std::move(socket.fd)), socket.address};
}

absl::StatusOr<BoundSocket> UringBackend::bind_udp(const UdpBinding& binding) {
  ASSIGN_OR_RETURN(ListeningSocket socket, open_udp_socket(binding));
  return BoundSocket{files_.adopt(std::move(socket.fd)), socket.address};
}

}  // namespace engine
