#include "engine/io/error_policy.h"

#include <array>
#include <cerrno>

namespace engine {
namespace {

struct Rule {
  IoOp op;
  int32_t error;
  ErrorPolicy policy;
};

// What is not here is fatal. No error of a sync is: after a failed one the kernel has forgotten which bytes are not durable.
constexpr std::array rules = {
    Rule{IoOp::write, EAGAIN, ErrorPolicy::again},
    Rule{IoOp::write, EINTR, ErrorPolicy::again},
    Rule{IoOp::write, ENOMEM, ErrorPolicy::again},
    Rule{IoOp::write, ENOSPC, ErrorPolicy::no_space},
    Rule{IoOp::write, EDQUOT, ErrorPolicy::no_space},

    Rule{IoOp::read, EAGAIN, ErrorPolicy::again},
    Rule{IoOp::read, EINTR, ErrorPolicy::again},
    Rule{IoOp::read, ENOMEM, ErrorPolicy::again},

    Rule{IoOp::open, EMFILE, ErrorPolicy::shortage},
    Rule{IoOp::open, ENFILE, ErrorPolicy::shortage},
    Rule{IoOp::open, ENOMEM, ErrorPolicy::shortage},
    Rule{IoOp::open, EAGAIN, ErrorPolicy::shortage},
    Rule{IoOp::open, EINTR, ErrorPolicy::shortage},
    Rule{IoOp::open, ENOSPC, ErrorPolicy::no_space},
    Rule{IoOp::open, EDQUOT, ErrorPolicy::no_space},

    // The file system cannot reserve (ext3, NFS before 4.2): the writes extend the file themselves.
    Rule{IoOp::allocate, EOPNOTSUPP, ErrorPolicy::forgiven},
    Rule{IoOp::allocate, ENOSYS, ErrorPolicy::forgiven},
    Rule{IoOp::allocate, EINTR, ErrorPolicy::shortage},
    Rule{IoOp::allocate, ENOMEM, ErrorPolicy::shortage},
    Rule{IoOp::allocate, ENOSPC, ErrorPolicy::no_space},
    Rule{IoOp::allocate, EDQUOT, ErrorPolicy::no_space},

    Rule{IoOp::mkdir, EEXIST, ErrorPolicy::forgiven},
    Rule{IoOp::mkdir, ENOMEM, ErrorPolicy::shortage},
    Rule{IoOp::mkdir, ENOSPC, ErrorPolicy::no_space},
    Rule{IoOp::mkdir, EDQUOT, ErrorPolicy::no_space},
    Rule{IoOp::rename, ENOMEM, ErrorPolicy::shortage},
    Rule{IoOp::rename, ENOSPC, ErrorPolicy::no_space},
    Rule{IoOp::rename, EDQUOT, ErrorPolicy::no_space},
    Rule{IoOp::unlink, ENOENT, ErrorPolicy::forgiven},
    Rule{IoOp::unlink, ENOMEM, ErrorPolicy::shortage},
    Rule{IoOp::rmdir, ENOENT, ErrorPolicy::forgiven},
    Rule{IoOp::rmdir, ENOMEM, ErrorPolicy::shortage},
};

static_assert([] {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].op == IoOp::sync_data || rules[i].op == IoOp::write_dsync || rules[i].op == IoOp::close) return false;
    for (size_t k = 0; k < i; ++k) {
      if (rules[k].op == rules[i].op && rules[k].error == rules[i].error) return false;
    }
  }
  return true;
}());

}  // namespace

ErrorPolicy error_policy(IoOp op, int32_t result) {
  if (result >= 0) return ErrorPolicy::none;
  // What was written is durable by a sync or not at all; a close has nothing to say about it.
  if (op == IoOp::close) return ErrorPolicy::forgiven;
  if (op == IoOp::write_dsync) op = IoOp::write;
  for (const Rule& rule : rules) {
    if (rule.op == op && rule.error == -result) return rule.policy;
  }
  return ErrorPolicy::fatal;
}

}  // namespace engine
