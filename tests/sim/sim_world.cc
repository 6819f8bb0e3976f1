#include "tests/sim/sim_world.h"

#include <algorithm>
#include <bit>

#include "engine/base/bytes.h"
#include "engine/base/text_hash.h"
#include "engine/base/verify.h"
#include "tests/sim/sim_backend.h"
#include "tests/sim/sim_disk.h"
#include "tests/sim/sim_net.h"

namespace sim {
namespace {

constexpr engine::Duration busy_max = engine::microseconds(200);

}  // namespace

SimWorld::SimWorld(const WorldOptions& options)
    : options_(options), prng_(options.seed), disk_(std::make_unique<SimDisk>(*this)), net_(std::make_unique<SimNet>(*this)) {
  trace(options.seed);
}

SimWorld::~SimWorld() { VERIFY(backends_.empty()); }

engine::Instant SimWorld::next_scheduled() {
  while (!events_.empty() && sinks_[events_.top().sink] == nullptr) events_.pop();
  return events_.empty() ? engine::instant_never : events_.top().time;
}

engine::Instant SimWorld::next_event_time() {
  engine::Instant next = next_scheduled();
  for (const SimBackend* backend : backends_) next = std::min(next, backend->next_wakeup());
  return std::max(next, now_);
}

bool SimWorld::advance(engine::Instant limit) {
  const engine::Instant next = next_event_time();
  if (next == engine::instant_never || next > limit) {
    if (limit != engine::instant_never) advance_to(limit);
    return false;
  }
  const bool busy = prng_.chance(1, 4);
  advance_to(std::min(busy ? next + latency({0}, busy_max) : next, limit));
  return true;
}

bool SimWorld::advance_to_event(engine::Instant limit) {
  const engine::Instant next = std::min(next_scheduled(), limit);
  if (next == engine::instant_never) return false;
  advance_to(next);
  return true;
}

void SimWorld::advance_to(engine::Instant target) {
  VERIFY_GE(target.ns, now_.ns);
  VERIFY_NE(target.ns, engine::instant_never.ns);
  while (next_scheduled() <= target) {
    const Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.time);
    sinks_[event.sink]->on_event(event.token);
  }
  now_ = target;
}

void SimWorld::power_off() { stop(Outage::power); }

void SimWorld::kill() { stop(Outage::process); }

void SimWorld::stop_after(uint64_t count, Outage outage) {
  if (count == 0) return stop(outage);
  outage_planned_ = outage;
  outage_effect_ = disk_->effect_count() + count;
}

void SimWorld::on_disk_effect() {
  if (outage_planned_ == Outage::none || disk_->effect_count() < outage_effect_) return;
  stop(outage_planned_);
}

void SimWorld::stop(Outage outage) {
  VERIFY(outage_ == Outage::none);
  trace(static_cast<uint64_t>(outage));
  outage_planned_ = Outage::none;
  if (outage == Outage::process) {
    for (SimBackend* backend : backends_) backend->finish_some();
  }
  outage_ = outage;
  for (SimBackend* backend : backends_) backend->fail_all();
  net_->drop_all();
}

void SimWorld::restart() { restart(CrashPlan{}); }

void SimWorld::restart(const CrashPlan& plan) {
  VERIFY(outage_ != Outage::none);
  VERIFY(backends_.empty());
  if (outage_ == Outage::power) disk_->crash(plan);
  outage_ = Outage::none;
}

void SimWorld::trace(uint64_t value) {
  trace_hash_ = std::rotl((trace_hash_ ^ value) * 0x9e3779b97f4a7c15U, 29) + static_cast<uint64_t>(now_.ns);
}

void SimWorld::trace_bytes(std::span<const std::byte> bytes) {
  trace(bytes.size());
  trace(engine::TextHash{}(engine::as_text(bytes)));
}

SinkId SimWorld::add_sink(EventSink& sink) {
  sinks_.push_back(&sink);
  return sinks_.size() - 1;
}

void SimWorld::remove_sink(SinkId id) { sinks_[id] = nullptr; }

void SimWorld::schedule(SinkId sink, uint64_t token, engine::Duration delay) {
  events_.push({.time = now_ + delay, .order = prng_.next(), .sink = sink, .token = token});
}

engine::Duration SimWorld::latency(engine::Duration min, engine::Duration max) {
  VERIFY_LE(min.ns, max.ns);
  const uint64_t span = static_cast<uint64_t>((max - min).ns) >> prng_.below(8);
  return {min.ns + static_cast<int64_t>(prng_.below(span + 1))};
}

}  // namespace sim
