#include "engine/uring/features.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/uring/backend.h"
#include "tests/catch.h"
#include "tests/temporary_directory.h"

namespace engine {
namespace {

std::string explain(int error, const KernelFacts& facts) {
  return std::string(message_of(explain_setup_failure(error, facts)));
}

TEST_CASE("uring_features: each cause of a failed setup has its own explanation and fix") {
  struct Row {
    int error;
    KernelFacts facts;
    std::string_view expected;
  };
  const std::array rows = {
      Row{ENOSYS,
          {.release = "6.1.0-arm"},
          "kernel 6.1.0-arm has none, or a container runtime hides it; run Linux 6.1 or newer"},
      Row{EPERM, {.io_uring_disabled = 2}, "kernel.io_uring_disabled=2 switches it off for everybody; set it to 0"},
      Row{EPERM, {.io_uring_disabled = 1}, "members of the group kernel.io_uring_group; add the user"},
      Row{EPERM, {.io_uring_disabled = 0}, "a seccomp filter or security module forbids it"},
      Row{EPERM, {}, "a seccomp filter or security module forbids it"},
      Row{ENOMEM, {.lockable_size_max = 65'536}, "may lock 64 KiB, raise that limit (ulimit -l"},
      Row{ENOMEM, {}, "out of memory"},
      Row{EINVAL, {.release = "5.15.0"}, "kernel 5.15.0 is too old: it has no deferred task work"},
      Row{EMFILE, {}, "Too many open files"},
  };
  for (const Row& row : rows) {
    const std::string found = explain(row.error, row.facts);
    INFO(found);
    CHECK(found.find(row.expected) != std::string::npos);
    CHECK(found.starts_with("io_uring cannot be used: "));
  }
}

TEST_CASE("uring_features: this kernel says what it is") {
  const KernelFacts facts = read_kernel_facts();
  CHECK(facts.release.find('.') != std::string::npos);
}

// From here on the process gets EPERM from io_uring_setup, as in a container.
bool forbid_io_uring() {
  std::array<sock_filter, 4> filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = filter.size(), .filter = filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_CASE("uring_features: below a seccomp filter the backend blames the filter") {
  const tests::TemporaryDirectory directory;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (!forbid_io_uring()) _exit(2);
    const absl::Status status = UringBackend::create({.data_directory = directory.path()}).status();
    _exit(message_of(status).find("seccomp") != std::string_view::npos ? 0 : 1);
  }
  int outcome = 0;
  REQUIRE(waitpid(child, &outcome, 0) == child);
  REQUIRE(WIFEXITED(outcome));
  if (WEXITSTATUS(outcome) == 2) SKIP_TEST("this system takes no seccomp filters");
  CHECK(WEXITSTATUS(outcome) == 0);
}

}  // namespace
}  // namespace engine
