// What the simulated clients were told, and so what Purser has to stand by. Pure book-keeping: the checkers read it at the end.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "sim/world.hpp"

namespace purser::sim {

class Memory {
 public:
  explicit Memory(World& world) : world_(world) {}

  // A finished answer under a key. The same key must answer the same for as long as keys are kept: a second answer that differs is a
  // violation at once.
  void note_answer(const std::string& key, int status, const std::string& body);
  // After a clock has jumped by more than keys are kept, an old key may be new again.
  void forget_keys() { answers_.clear(); }

  // What was acknowledged, the newest knowledge of each.
  struct Amounts {
    std::int64_t captured = 0, refunded = 0;
    std::string status{};
  };
  void note_order(const std::string& id) { orders_.emplace(id, true); }
  void note_payment(const std::string& id, std::int64_t captured, std::int64_t refunded, const std::string& status);
  void note_refund(const std::string& id, const std::string& status) { refunds_[id] = status; }
  const std::map<std::string, bool>& orders() const { return orders_; }
  const std::map<std::string, Amounts>& payments() const { return payments_; }
  const std::map<std::string, std::string>& refunds() const { return refunds_; }

 private:
  struct Answer {
    int status;
    std::string body;
  };
  World& world_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, bool> orders_;
  std::map<std::string, Amounts> payments_;
  std::map<std::string, std::string> refunds_;
};

}  // namespace purser::sim
