#include "failing_memory.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

using Thread = ratls::test::MemoryPlan::Thread;

std::atomic<bool> planned{false};
std::atomic<bool> and_later{false};
std::atomic<std::size_t> nth{0};
std::atomic<std::size_t> counted{0};
std::atomic<Thread> which{Thread::this_one};
std::atomic<long> live{0};
thread_local bool is_planner = false;

bool must_fail() {
  if (!planned.load()) return false;
  if ((which.load() == Thread::this_one) != is_planner) return false;
  const std::size_t at = ++counted;
  return and_later.load() ? at >= nth.load() : at == nth.load();
}

void* count_in(void* block) {
  if (block != nullptr) ++live;
  return block;
}

}  // namespace

namespace ratls::test {

void fail_memory(const MemoryPlan& plan) {
  is_planner = true;
  nth = plan.nth;
  and_later = plan.and_later;
  which = plan.thread;
  counted = 0;
  planned = true;
}

std::size_t stop_failing_memory() {
  planned = false;
  return counted.load();
}

long live_blocks() {
  return live.load();
}

}  // namespace ratls::test

// The linker sends every call of an archive here: --wrap=malloc and so on.
extern "C" {

void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* block, std::size_t size);
void __real_free(void* block);

void* __wrap_malloc(std::size_t size) {
  return must_fail() ? nullptr : count_in(__real_malloc(size));
}

void* __wrap_calloc(std::size_t count, std::size_t size) {
  return must_fail() ? nullptr : count_in(__real_calloc(count, size));
}

void* __wrap_realloc(void* block, std::size_t size) {
  if (must_fail()) return nullptr;
  void* moved = __real_realloc(block, size);
  return block == nullptr ? count_in(moved) : moved;
}

void __wrap_free(void* block) {
  if (block != nullptr) --live;
  __real_free(block);
}

}  // extern "C"

// libstdc++ finds these too, so its strings and threads count.
void* operator new(std::size_t size) {
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
