#include "net/ddl/desk.h"

#include <utility>

#include "engine/base/verify.h"

namespace net {

bool DdlDesk::start(uint64_t id, DdlStatement statement) {
  if (runs_.size() >= runs_max) return false;
  DdlRunListener& listener = *this;
  const auto [run, added] = runs_.emplace(id, std::make_unique<DdlRun>(source_, id, std::move(statement), listener));
  VERIFY(added);
  run->second->start();
  return true;
}

void DdlDesk::on_over(DdlRun& run) {
  const auto found = runs_.find(run.id());
  VERIFY(found != runs_.end());
  over_.push_back(std::move(found->second));
  runs_.erase(found);
  listener_.on_ddl_over(run.id(), run.error());
}

}  // namespace net
