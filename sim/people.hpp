// The people of the simulated world: buyers who create, pay, double-click, retry and abandon, and the shop's clerks who capture, refund
// and cancel. What they do is drawn by the weights of workload.toml.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/client.hpp"

namespace purser::sim {

class People {
 public:
  explicit People(ShopClient& client) : client_(client) {}

  // Sends one buyer; what it sets going goes on by itself.
  void send_buyer();
  // Whether everybody has brought to its end what they began.
  bool are_done() const { return at_work_ == 0; }
  std::int64_t buyers() const { return buyers_; }
  std::int64_t orders() const { return orders_; }
  std::int64_t payments() const { return payments_; }

 private:
  using Act = Task<void> (People::*)(std::string order_id);
  struct Weighted {
    std::vector<double> weights;
    std::vector<Act> acts;
  };
  static const Weighted& buyer_acts();
  static const Weighted& clerk_acts();
  static Weighted read(const char* table, const std::vector<std::pair<const char*, Act>>& acts);

  // buyers.cpp
  Task<void> checkout(std::string);
  Task<void> order_and_pay(std::string);
  Task<void> pay_twice_at_once(std::string);
  Task<void> pay_again_after_silence(std::string);
  Task<void> same_key_at_once(std::string);
  Task<void> order_twice_by_reference(std::string);
  Task<void> decline_and_retry(std::string);
  Task<void> retry_until_held(std::string);
  Task<void> authenticate(std::string);
  Task<void> change_and_pay(std::string);
  Task<void> pay_directly(std::string);
  Task<void> pay_in_parts(std::string);
  Task<void> abandon(std::string);
  Task<std::string> new_order(std::string client_reference = "");
  Task<Answer> pay(std::string order_id, std::string method, std::string key, Duration patience);
  Task<void> get_credit(std::int64_t amount);
  Task<Answer> pay_some_parts(std::string order_id, std::int64_t total);
  std::string some_items();
  std::string some_capture_method();
  Task<void> act_on_page(Answer paid, std::string at);

  // clerks.cpp
  Task<void> nothing(std::string order_id);
  Task<void> capture(std::string order_id);
  Task<void> capture_in_parts(std::string order_id);
  Task<void> capture_twice_at_once(std::string order_id);
  Task<void> refund(std::string order_id);
  Task<void> refund_in_parts_at_once(std::string order_id);
  Task<void> refund_then_cancel(std::string order_id);
  Task<void> cancel(std::string order_id);
  Task<void> cancel_twice_at_once(std::string order_id);
  Task<void> void_payment(std::string order_id);
  Task<void> retry(std::string order_id);
  void hand_to_clerks(const std::string& order_id);
  Task<Answer> command(std::string path, std::string body);

  Task<void> pause(Duration at_most);
  void set_going(Task<void> task);
  static Task<void> see_through(People* people, Task<void> task);
  Chance& chance() { return client_.chance(); }

  ShopClient& client_;
  std::int64_t at_work_ = 0, buyers_ = 0, orders_ = 0, payments_ = 0;
};

}  // namespace purser::sim
