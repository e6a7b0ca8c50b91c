#include "sim/memory.hpp"

#include <algorithm>

namespace purser::sim {

void Memory::note_answer(const std::string& key, int status, const std::string& body) {
  const auto [known, fresh] = answers_.try_emplace(key, Answer{status, body});
  if (fresh || (known->second.status == status && known->second.body == body)) return;
  world_.violate("same_key_same_answer", "key " + key + " answered " + std::to_string(known->second.status) + " " + known->second.body +
                                             " and then " + std::to_string(status) + " " + body);
}

void Memory::note_payment(const std::string& id, std::int64_t captured, std::int64_t refunded, const std::string& status) {
  Amounts& amounts = payments_[id];
  amounts.captured = std::max(amounts.captured, captured);
  amounts.refunded = std::max(amounts.refunded, refunded);
  amounts.status = status;
}

}  // namespace purser::sim
