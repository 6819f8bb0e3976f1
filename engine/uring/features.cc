#include "engine/uring/features.h"

#include <liburing.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string_view>

// Newer than liburing 2.3.
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)
#endif
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)
#endif

namespace engine {
namespace {

constexpr std::string_view kernel_wanted = "Linux 6.1 or newer";

struct Operation {
  uint8_t code;
  std::string_view name;
};

constexpr std::array operations_used = {
    Operation{IORING_OP_ACCEPT, "accept"},     Operation{IORING_OP_ASYNC_CANCEL, "async_cancel"},
    Operation{IORING_OP_CLOSE, "close"},       Operation{IORING_OP_FALLOCATE, "fallocate"},
    Operation{IORING_OP_FSYNC, "fsync"},       Operation{IORING_OP_MKDIRAT, "mkdirat"},
    Operation{IORING_OP_MSG_RING, "msg_ring"}, Operation{IORING_OP_OPENAT, "openat"},
    Operation{IORING_OP_READ, "read"},         Operation{IORING_OP_RECV, "recv"},
    Operation{IORING_OP_RECVMSG, "recvmsg"},   Operation{IORING_OP_RENAMEAT, "renameat"},
    Operation{IORING_OP_SEND, "send"},         Operation{IORING_OP_SHUTDOWN, "shutdown"},
    Operation{IORING_OP_UNLINKAT, "unlinkat"}, Operation{IORING_OP_WRITE, "write"},
};

// What happens to an enabled ring on its own thread.
constexpr std::array<uint8_t, 4> registrations_used = {IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS,
                                                       IORING_REGISTER_IOWQ_AFF, IORING_REGISTER_IOWQ_MAX_WORKERS};

std::string explain_permission(const KernelFacts& facts) {
  if (facts.io_uring_disabled == 2) {
    return "the sysctl kernel.io_uring_disabled=2 switches it off for everybody; set it to 0 "
           "(sysctl -w kernel.io_uring_disabled=0)";
  }
  if (facts.io_uring_disabled == 1) {
    return "the sysctl kernel.io_uring_disabled=1 leaves it to members of the group kernel.io_uring_group; add the user of "
           "this "
           "process to that group, or set kernel.io_uring_disabled=0";
  }
  return "a seccomp filter or security module forbids it, as the default profiles of container runtimes do; allow the system "
         "calls io_uring_setup, io_uring_enter and io_uring_register (docker: --security-opt seccomp=PROFILE; systemd: "
         "SystemCallFilter=)";
}

std::string explain_memory(const KernelFacts& facts) {
  std::string text = "no memory for the rings; ";
  if (!facts.lockable_size_max) return text + "the host or its control group is out of memory";
  return text + "this process may lock " + std::to_string(*facts.lockable_size_max / 1024) +
         " KiB, raise that limit (ulimit -l, systemd: LimitMEMLOCK=)";
}

}  // namespace

KernelFacts read_kernel_facts() {
  KernelFacts facts;
  utsname name{};
  if (uname(&name) == 0) facts.release = name.release;
  std::ifstream sysctl("/proc/sys/kernel/io_uring_disabled");
  if (int value = 0; sysctl >> value) facts.io_uring_disabled = value;
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) facts.lockable_size_max = limit.rlim_cur;
  return facts;
}

absl::Status explain_setup_failure(int error, const KernelFacts& facts) {
  const std::string prefix = "io_uring cannot be used: ";
  const std::string kernel = "kernel " + facts.release;
  switch (error) {
    case ENOSYS:
      return failed_precondition(prefix + kernel + " has none, or a container runtime hides it; run " +
                                 std::string(kernel_wanted) + " with CONFIG_IO_URING=y");
    case EPERM:
    case EACCES:
      return failed_precondition(prefix + explain_permission(facts));
    case ENOMEM:
      return resource_exhausted(prefix + explain_memory(facts));
    case EINVAL:
      return failed_precondition(prefix + kernel +
                                 " is too old: it has no deferred task work (IORING_SETUP_DEFER_TASKRUN); run " +
                                 std::string(kernel_wanted));
    default:
      return errno_status(error, prefix + "io_uring_setup");
  }
}

absl::Status check_operations(io_uring& ring, const KernelFacts& facts) {
  const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(io_uring_get_probe_ring(&ring), io_uring_free_probe);
  if (probe == nullptr) return failed_precondition("io_uring cannot be used: the kernel does not list its operations");
  std::string missing;
  for (const Operation& operation : operations_used) {
    if (io_uring_opcode_supported(probe.get(), operation.code) != 0) continue;
    missing += missing.empty() ? "" : ", ";
    missing += operation.name;
  }
  if (missing.empty()) return absl::OkStatus();
  return failed_precondition("io_uring cannot be used: kernel " + facts.release + " lacks these operations: " + missing +
                             "; run " + std::string(kernel_wanted));
}

absl::Status restrict_operations(io_uring& ring) {
  std::vector<io_uring_restriction> allowed;
  for (const Operation& operation : operations_used) {
    allowed.emplace_back();
    allowed.back().opcode = IORING_RESTRICTION_SQE_OP;
    allowed.back().sqe_op = operation.code;
  }
  for (const uint8_t registration : registrations_used) {
    allowed.emplace_back();
    allowed.back().opcode = IORING_RESTRICTION_REGISTER_OP;
    allowed.back().register_op = registration;
  }
  allowed.emplace_back();
  allowed.back().opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  allowed.back().sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
  // By number: liburing 2.3 declares io_uring_register_restrictions, but its shared library does not export it.
  const int error = io_uring_register(static_cast<unsigned>(ring.ring_fd), IORING_REGISTER_RESTRICTIONS, allowed.data(),
                                      static_cast<unsigned>(allowed.size()));
  return error == 0 ? absl::OkStatus() : errno_status(-error, "restrict the operations of io_uring");
}

std::vector<UringFeature> describe_features(uint32_t features, const KernelFacts& facts) {
  const auto has = [&](uint32_t bit) { return (features & bit) != 0 ? "yes" : "no"; };
  return {
      {"kernel", facts.release, "needed: " + std::string(kernel_wanted)},
      {"deferred completions", "yes", "they run in the shard's own turn"},
      {"restrictions", "yes", std::to_string(operations_used.size()) + " operations allowed"},
      {"receive bundles", has(IORING_FEAT_RECVSEND_BUNDLE), "not used: a buffer takes a whole receive"},
      {"minimum wait", has(IORING_FEAT_MIN_TIMEOUT), "not used: a turn begins with the first completion"},
  };
}

}  // namespace engine
