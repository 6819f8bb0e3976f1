#include "engine/uring/receive.h"

#include <liburing.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "engine/base/verify.h"
#include "engine/io/socket_name.h"

namespace engine {
namespace {

constexpr uint16_t stream_group = 0;
constexpr uint16_t datagram_group = 1;
constexpr uint32_t buffer_group_shift = 16;  // BufferId := | group 16 bits | index 16 bits |
constexpr uint32_t buffer_index_mask = 0xffff;

constexpr uint32_t datagram_buffer_size = 68 * 1024;  // 65,507 bytes at most, and in front of them:
static_assert(datagram_buffer_size >= 65'507 + sizeof(io_uring_recvmsg_out) + sizeof(sockaddr_in6));

BufferId buffer_id(uint16_t group, uint32_t index) {
  VERIFY_LE(index, buffer_index_mask);
  return {uint32_t{group} << buffer_group_shift | index};
}

std::string describe(const UringBuffers& buffers) {
  return std::to_string(buffers.options().buffer_count) + " x " + std::to_string(buffers.options().buffer_size / 1024) + " KiB";
}

}  // namespace

absl::StatusOr<std::unique_ptr<UringReceive>> UringReceive::create(io_uring& ring, const UringReceiveOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<UringBuffers> stream_buffers,
                   UringBuffers::create(ring, {.group = stream_group,
                                               .buffer_count = options.stream_buffer_count,
                                               .buffer_size = options.stream_buffer_size}));
  ASSIGN_OR_RETURN(std::unique_ptr<UringBuffers> datagram_buffers,
                   UringBuffers::create(ring, {.group = datagram_group,
                                               .buffer_count = options.datagram_buffer_count,
                                               .buffer_size = datagram_buffer_size,
                                               .offered_min = options.datagram_buffer_count}));
  return std::unique_ptr<UringReceive>(new UringReceive(std::move(stream_buffers), std::move(datagram_buffers)));
}

UringReceive::UringReceive(std::unique_ptr<UringBuffers> stream_buffers, std::unique_ptr<UringBuffers> datagram_buffers)
    : stream_buffers_(std::move(stream_buffers)),
      datagram_buffers_(std::move(datagram_buffers)),
      datagram_header_(std::make_unique<msghdr>()) {
  datagram_header_->msg_namelen = sizeof(sockaddr_in6);  // room for one of either family
}

UringReceive::~UringReceive() = default;

void UringReceive::prepare(io_uring_sqe& entry, IoOp op, int fd) {
  switch (op) {
    case IoOp::recv:
      io_uring_prep_recv_multishot(&entry, fd, nullptr, 0, 0);
      break;
    case IoOp::recv_once:
      io_uring_prep_recv(&entry, fd, nullptr, 0, 0);
      break;
    case IoOp::recv_from:
      io_uring_prep_recvmsg_multishot(&entry, fd, datagram_header_.get(), 0);
      break;
    default:
      UNREACHABLE("operation that receives");
  }
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = op == IoOp::recv_from ? datagram_group : stream_group;
}

void UringReceive::take_stream_data(const io_uring_cqe& entry, IoResult& result) {
  if ((entry.flags & IORING_CQE_F_BUFFER) == 0) return;
  const uint32_t index = entry.flags >> IORING_CQE_BUFFER_SHIFT;
  const std::span<std::byte> buffer = stream_buffers_->take(index);
  if (entry.res <= 0) {
    stream_buffers_->give_back(index);  // taken by the kernel, then not needed
    return;
  }
  VERIFY_LE(static_cast<size_t>(entry.res), buffer.size());
  result.data = buffer.first(static_cast<size_t>(entry.res));
  result.buffer = buffer_id(stream_group, index);
}

// buffer := | io_uring_recvmsg_out | room for a sockaddr_in6, who sent it | payload |; entry.res is the size of all three
void UringReceive::take_datagram(const io_uring_cqe& entry, IoResult& result) {
  if ((entry.flags & IORING_CQE_F_BUFFER) == 0) return;
  const uint32_t index = entry.flags >> IORING_CQE_BUFFER_SHIFT;
  const std::span<std::byte> buffer = datagram_buffers_->take(index);
  io_uring_recvmsg_out* header = io_uring_recvmsg_validate(buffer.data(), entry.res, datagram_header_.get());
  if (header == nullptr) {
    datagram_buffers_->give_back(index);
    return;
  }
  const size_t name_size = std::min<size_t>(header->namelen, sizeof(sockaddr_in6));
  result.peer = to_address(io_uring_recvmsg_name(header), name_size).value_or(SocketAddress{});
  result.data = {static_cast<std::byte*>(io_uring_recvmsg_payload(header, datagram_header_.get())),
                 io_uring_recvmsg_payload_length(header, entry.res, datagram_header_.get())};
  result.result = static_cast<int32_t>(result.data.size());
  result.buffer = buffer_id(datagram_group, index);
}

void UringReceive::release(BufferId buffer) {
  const uint32_t group = buffer.value >> buffer_group_shift;
  VERIFY_LE(group, datagram_group);
  UringBuffers& buffers = group == stream_group ? *stream_buffers_ : *datagram_buffers_;
  buffers.give_back(buffer.value & buffer_index_mask);
}

std::string UringReceive::describe_stream_buffers() const { return describe(*stream_buffers_); }

std::string UringReceive::describe_datagram_buffers() const { return describe(*datagram_buffers_); }

}  // namespace engine
