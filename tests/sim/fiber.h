// A stack of its own for code that waits in the middle of a call: resume runs it until it pauses, or ends. Fibers of one thread
// run one at a time, each from where it paused. The sanitizers are told of each switch.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <span>

namespace sim {

class Fiber {
 public:
  class Body {
   public:
    virtual void run() = 0;

   protected:
    ~Body() = default;
  };

  // The body outlives the fiber. Nothing runs before resume.
  explicit Fiber(Body& body);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();  // not started, or ended: nothing unwinds a stack that waits

  void resume();
  // Called by the body.
  void pause();
  bool has_ended() const { return ended_; }

 private:
  static void enter(unsigned high, unsigned low);
  void switch_out();

  Body& body_;
  std::span<std::byte> memory_;  // a page that nobody may touch, then the stack
  std::span<std::byte> stack_;
  ucontext_t own_{};
  ucontext_t caller_{};
  bool started_ = false;
  bool running_ = false;
  bool ended_ = false;
  // What the sanitizers know of both sides.
  void* own_fake_stack_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_size_ = 0;
  void* own_tsan_ = nullptr;
  void* caller_tsan_ = nullptr;
};

}  // namespace sim
