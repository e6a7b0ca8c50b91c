#include "sim/world.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "kernel/assert.hpp"

namespace purser::sim {
namespace {

constexpr std::int64_t first_second = 1'767'225'600;  // 2026-01-01T00:00:00Z
constexpr std::int64_t steps_at_once_max = 1'000'000;

}  // namespace

Task<void> Wake::wait() {
  if (woken_) co_return;
  boost::system::error_code ended;
  co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
  if (!woken_) throw boost::system::system_error(boost::asio::error::operation_aborted);
}

Instant ProcessClock::now() const { return process_.world().true_time() + offset_; }

Task<void> ProcessClock::sleep(Duration length) {
  auto wake = std::make_shared<Wake>(process_.executor());
  process_.world().after(std::max<std::int64_t>(length.ms, 0) * 1000, process_, [weak = std::weak_ptr(wake)] {
    if (const auto sleeper = weak.lock()) sleeper->wake();
  });
  co_await wake->wait();
}

Process::Process(World& world, std::string name, Boot boot) : world_(world), name_(std::move(name)), boot_(std::move(boot)), clock_(*this) {}
Process::~Process() { end(); }

void Process::start() {
  PURSER_ASSERT(!is_up());
  ++incarnation_;
  crash_in_ = 0;
  context_ = std::make_unique<Context>();
  at_work_.emplace(context_->get_executor());
  world_.tell(name_, "starts");
  body_ = boot_(*this);
  run_ready();
}

void Process::end() {
  if (!is_up()) return;
  context_->shutdown();
  body_.reset();
  at_work_.reset();
  context_.reset();
}

void Process::crash(const std::string& why) {
  if (!is_up()) return;
  world_.tell(name_, "CRASHES " + why);
  world_.mark("crash");
  end();
  on_crash();
}

// Does all that is ready, step by step, so that the crash can come between any two.
void Process::run_ready() {
  for (std::int64_t steps = 0; is_up() && context_->poll_one() > 0; ++steps) {
    PURSER_ASSERT(steps < steps_at_once_max);
    if (crash_in_ > 0 && --crash_in_ == 0) return crash("between two steps");
  }
}

World::World(std::uint64_t seed) : seed_(seed), chance_(seed), start_ms_(first_second * 1000 + chance_.fork("start").between(0, 86'400'000)) {}

World::~World() {
  events_.clear();
  for (const auto& process : processes_) process->end();
}

Process& World::add(std::string name, Process::Boot boot) {
  return *processes_.emplace_back(std::make_unique<Process>(*this, std::move(name), std::move(boot)));
}

void World::after(std::int64_t delay_us, Process& process, std::function<void()> act) {
  events_.push_back({now_us_ + delay_us, next_sequence_++, &process, process.incarnation(), std::move(act)});
  std::ranges::push_heap(events_, Later{});
}

void World::after(std::int64_t delay_us, std::function<void()> act) {
  events_.push_back({now_us_ + delay_us, next_sequence_++, nullptr, 0, std::move(act)});
  std::ranges::push_heap(events_, Later{});
}

void World::step() {
  std::ranges::pop_heap(events_, Later{});
  const Event event = std::move(events_.back());
  events_.pop_back();
  now_us_ = event.at_us;
  if (!event.process) return event.act();
  if (!event.process->is_up() || event.process->incarnation() != event.incarnation) return;
  event.act();
  event.process->run_ready();
}

bool World::run_until(const std::function<bool()>& done, Duration at_most) {
  const std::int64_t end_us = now_us_ + at_most.ms * 1000;
  while (!done()) {
    if (events_.empty() || events_.front().at_us > end_us) {
      now_us_ = std::max(now_us_, end_us);
      return done();
    }
    step();
  }
  return true;
}

void World::mark(std::string_view what) {
  const auto mix = [&](std::uint64_t word) { digest_ = (digest_ ^ word) * 0x100000001b3; };
  mix(static_cast<std::uint64_t>(now_us_));
  for (const char letter : what) mix(static_cast<std::uint8_t>(letter));
}

void World::tell(std::string_view who, const std::string& what) const {
  if (listener_) listener_(now_us_, who, what);
}

void World::count(std::string_view fault, std::int64_t by) {
  const auto found = counts_.find(fault);
  if (found == counts_.end())
    counts_.emplace(fault, by);
  else
    found->second += by;
}

void World::violate(std::string check, std::string detail) {
  tell("checker", "VIOLATION " + check + ": " + detail);
  violations_.push_back({std::move(check), std::move(detail)});
}

}  // namespace purser::sim
