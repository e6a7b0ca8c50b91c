// Lies on request. A fault comes with the request itself (metadata[sandbox_fault]) or from a rule set by a control call
// (POST /_sandbox/faults), and strikes at one of three moments: before anything is done, while it is done, or in the answer.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.hpp"
#include "kernel/time.hpp"
#include "platform/random.hpp"
#include "sandbox/form.hpp"

namespace purser::sandbox {

enum class FaultKind : std::uint8_t {
  timeout_before_charge,   // nothing is done and nothing answered
  timeout_after_charge,    // done, never answered
  error_500_before,        // 500, nothing done; the key keeps the 500
  error_500_after_charge,  // 500, done; the key keeps the 500
  cut_response,            // done; the answer breaks off after `bytes`
  drop_response,           // done; the connection is closed without an answer
  slow,                    // done after `delay`
  rate_limited,            // 429, nothing done, nothing kept
  lock_timeout,            // the object is locked (Stripe: 429 lock_timeout), nothing done, nothing kept
  decline,                 // a payment is declined whatever the card says
  processing,              // a payment that would succeed is `processing` for `delay`
  webhook_late,            // by `delay`
  webhook_duplicate,
  webhook_reordered,
  webhook_lost,
};
std::optional<FaultKind> parse_fault(std::string_view text);
std::string_view text_of(FaultKind kind);

// One fault that strikes one request.
struct Fault {
  FaultKind kind;
  std::optional<Duration> delay{};
  std::size_t bytes = 0;
};

struct FaultRule {
  Fault fault;
  std::optional<std::int64_t> count{};  // strikes left; nothing: without end
  double probability = 1;
  std::string method{}, path_prefix{}, reference{};  // empty matches all
  std::int64_t struck = 0;
};

// {"fault":"drop_response","count":3,"probability":0.05,"match":{"method":"POST","path_prefix":"/v1/refunds","reference":"…"},
//  "delay_ms":500,"bytes":40}
Result<FaultRule> parse_fault_rule(std::string_view json);
// The fault in the request's own metadata; an Error where its name is unknown.
Result<std::optional<Fault>> fault_in(const Form& form);

// The rules set by control calls. Any thread. They live as long as the process.
class FaultRules {
 public:
  void add(FaultRule rule);
  void clear();
  // The first rule that matches, if the dice say so; its count goes down.
  // `reference` is the caller's own, as the face reads it.
  std::optional<Fault> strike(std::string_view method, std::string_view path, std::string_view reference, Random& random);
  std::string json() const;

 private:
  mutable std::mutex guard_;
  std::vector<FaultRule> rules_;
};

}  // namespace purser::sandbox
