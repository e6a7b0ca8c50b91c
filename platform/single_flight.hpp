// What many may ask for at once and is worth fetching once: whoever asks while it is on its way waits for it and gets the same value.
// All askers are on one executor. `fetch` must not throw; where the asker who fetches is cancelled, the next one fetches anew.
#pragma once
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "platform/async.hpp"

namespace purser {

template <class Value>
class SingleFlight {
 public:
  Task<Value> get(std::function<Task<Value>()> fetch) {
    const std::shared_ptr<Slot> slot = slot_;
    while (const std::shared_ptr<Flight> under_way = slot->flight) {
      boost::system::error_code landed;
      co_await under_way->done.async_receive(boost::asio::redirect_error(boost::asio::use_awaitable, landed));
      if (under_way->value) co_return *under_way->value;
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    slot->flight = std::make_shared<Flight>(executor);
    const Landing landing{slot, slot->flight};
    landing.flight->value = co_await fetch();
    co_return *landing.flight->value;
  }

 private:
  struct Flight {
    explicit Flight(const boost::asio::any_io_executor& executor) : done(executor) {}
    boost::asio::experimental::channel<void(boost::system::error_code)> done;  // closed once it landed
    std::optional<Value> value{};
  };
  struct Slot {
    std::shared_ptr<Flight> flight{};
  };
  struct Landing {
    std::shared_ptr<Slot> slot;  // the asker may outlive this object
    std::shared_ptr<Flight> flight;
    ~Landing() {
      slot->flight.reset();
      flight->done.close();
    }
  };
  const std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();
};

}  // namespace purser
