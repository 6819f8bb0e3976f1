// What UringBackend asks of the kernel, whether this kernel gives it, and how to say so when it does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/status.h"

struct io_uring;

namespace engine {

// One line of the start-up print.
struct UringFeature {
  std::string name;
  std::string found;   // in this kernel
  std::string chosen;  // what the backend does about it
};

// What decides why io_uring_setup failed.
struct KernelFacts {
  std::string release;                        // as uname -r
  std::optional<int> io_uring_disabled;       // the sysctl of that name in kernel.; none before Linux 6.6
  std::optional<uint64_t> lockable_size_max;  // RLIMIT_MEMLOCK in bytes; none: unlimited
};

KernelFacts read_kernel_facts();

// Names the cause and the fix. error: the errno of io_uring_setup.
absl::Status explain_setup_failure(int error, const KernelFacts& facts);

// An error that names the operations which the backend uses and this kernel does not know.
absl::Status check_operations(io_uring& ring, const KernelFacts& facts);

// Once the ring is enabled it takes the backend's own operations and no others: seccomp cannot see what goes through a ring.
absl::Status restrict_operations(io_uring& ring);

// `features` as io_uring_setup reports them.
std::vector<UringFeature> describe_features(uint32_t features, const KernelFacts& facts);

}  // namespace engine
