// One request while it executes: what an operation may touch, and what it announces. Lives inside one transaction.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/random.hpp"
#include "platform/store/store.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {

// What is answered. `executed` answers belong to the idempotency key.
struct Answer {
  int status = 200;
  std::string body{};
  bool executed = true;
};

struct Announcement {
  std::string_view type;
  std::string object;  // JSON, as it was at that moment
};

struct Call {
  store::Tx& tx;
  const Form& form;
  Instant now;
  Random& random;
  std::string_view processor;  // the face's name
  std::string request_id{};
  std::string idempotency_key{};
  std::string base_url{};  // where this sandbox is reached, for links in answers
  std::optional<Fault> fault{};
  Duration settles_after{2'000};  // `processing` and slow refunds
  std::vector<Announcement> announced{};
  std::optional<Instant> wakes_at{};  // something was kept that comes to its end by itself, then

  std::string new_id(std::string_view prefix) { return std::string(prefix) + encode_base32(make_uuid_v7(now, random)); }
  bool struck_by(FaultKind kind) const { return fault && fault->kind == kind; }
};

}  // namespace purser::sandbox
