// The statements of a shard that are on their way. One goes on although whoever sent it is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "net/ddl/run.h"
#include "net/ddl/statement.h"
#include "storage/source/source.h"

namespace net {

class DdlDeskListener {
 public:
  // The statement of `id` has been carried out, or was refused.
  virtual void on_ddl_over(uint64_t id, const std::optional<DdlError>& error) = 0;

 protected:
  ~DdlDeskListener() = default;
};

class DdlDesk final : private DdlRunListener {
 public:
  static constexpr size_t runs_max = 256;

  DdlDesk(storage::Source& source, DdlDeskListener& listener) : source_(source), listener_(listener) {}

  // False: too many are under way. The listener may be told before it returns.
  [[nodiscard]] bool start(uint64_t id, DdlStatement statement);

  // In a turn of its own: those that are over are destroyed.
  void clean_up() { over_.clear(); }

  bool is_idle() const { return runs_.empty(); }

 private:
  void on_over(DdlRun& run) override;

  storage::Source& source_;
  DdlDeskListener& listener_;
  std::map<uint64_t, std::unique_ptr<DdlRun>> runs_;  // by id
  std::vector<std::unique_ptr<DdlRun>> over_;         // whose answer is still on the stack
};

}  // namespace net
