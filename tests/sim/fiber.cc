#include "tests/sim/fiber.h"

#include <sys/mman.h>

#include <cstdint>

#include "engine/base/verify.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define MILLRACE_FIBER_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define MILLRACE_FIBER_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace sim {
namespace {

constexpr size_t page_size = 4096;
constexpr size_t stack_size = size_t{1} << 20;  // taken from the system a page at a time, as it is used

std::span<std::byte> map_stack() {
  const size_t size = page_size + stack_size;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  VERIFY(memory != MAP_FAILED);
  VERIFY_EQ(::mprotect(memory, page_size, PROT_NONE), 0);
  return {static_cast<std::byte*>(memory), size};
}

// `kept`: where the stack that is left keeps its frames that ASan moved to the heap; null: it is left for good.
void announce_switch([[maybe_unused]] void** kept, [[maybe_unused]] const void* stack, [[maybe_unused]] size_t size,
                     [[maybe_unused]] void* tsan) {
#ifdef MILLRACE_FIBER_ASAN
  __sanitizer_start_switch_fiber(kept, stack, size);
#endif
#ifdef MILLRACE_FIBER_TSAN
  __tsan_switch_to_fiber(tsan, 0);
#endif
}

void announce_arrival([[maybe_unused]] void* kept, [[maybe_unused]] const void** left, [[maybe_unused]] size_t* left_size) {
#ifdef MILLRACE_FIBER_ASAN
  __sanitizer_finish_switch_fiber(kept, left, left_size);
#endif
}

}  // namespace

Fiber::Fiber(Body& body) : body_(body), memory_(map_stack()), stack_(memory_.subspan(page_size)) {
#ifdef MILLRACE_FIBER_TSAN
  own_tsan_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  VERIFY(!started_ || ended_);
#ifdef MILLRACE_FIBER_TSAN
  __tsan_destroy_fiber(own_tsan_);
#endif
  ::munmap(memory_.data(), memory_.size());
}

void Fiber::resume() {
  VERIFY(!running_ && !ended_);
  if (!started_) {
    started_ = true;
    VERIFY_EQ(::getcontext(&own_), 0);
    own_.uc_stack.ss_sp = stack_.data();
    own_.uc_stack.ss_size = stack_.size();
    own_.uc_link = nullptr;
    const auto self = reinterpret_cast<uintptr_t>(this);  // makecontext passes ints
    ::makecontext(&own_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned>(self >> 32),
                  static_cast<unsigned>(self));
  }
  running_ = true;
#ifdef MILLRACE_FIBER_TSAN
  caller_tsan_ = __tsan_get_current_fiber();
#endif
  void* fake_stack = nullptr;
  announce_switch(&fake_stack, stack_.data(), stack_.size(), own_tsan_);
  VERIFY_EQ(::swapcontext(&caller_, &own_), 0);
  announce_arrival(fake_stack, nullptr, nullptr);
  running_ = false;
}

void Fiber::pause() {
  VERIFY(running_);
  switch_out();
  announce_arrival(own_fake_stack_, &caller_stack_, &caller_stack_size_);
}

void Fiber::switch_out() {
  announce_switch(ended_ ? nullptr : &own_fake_stack_, caller_stack_, caller_stack_size_, caller_tsan_);
  VERIFY_EQ(::swapcontext(&own_, &caller_), 0);
}

void Fiber::enter(unsigned high, unsigned low) {
  auto* self = reinterpret_cast<Fiber*>((static_cast<uintptr_t>(high) << 32) | low);
  announce_arrival(nullptr, &self->caller_stack_, &self->caller_stack_size_);
  self->body_.run();
  self->ended_ = true;
  self->switch_out();
  UNREACHABLE("a fiber that has ended");
}

}  // namespace sim
