// All SQL of the payments context. Nobody else names its tables. Every query that answers a client is bound to its merchant.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "contexts/payments/rules/payment.hpp"
#include "contexts/payments/rules/plan.hpp"
#include "platform/rpc/page.hpp"
#include "platform/store/store.hpp"

namespace purser::payments {

// With the plan's steps, and the shares of a payment in parts. A whole is found with its legs as they are.
void insert(store::Tx& tx, const Payment& payment, const PaymentPlan& plan);
// Writes the payment's figures over the version it was made from, and the parts that `change` made or changed. A version that
// moved meanwhile is Trouble::busy: the body runs again.
void update(store::Tx& tx, const Payment& before, const Payment& after, const Change& change);

std::optional<Payment> find(store::Tx& tx, const std::string& merchant_id, const std::string& payment_id);
// By a payment's id, or by an order's: then the order's live payment, or its last.
std::optional<Payment> find_by_either(store::Tx& tx, const std::string& merchant_id, const std::string& payment_or_order_id);
// The payment that holds, or may hold, the money of this order.
std::optional<std::string> live_payment_of(store::Tx& tx, const std::string& order_id);

struct Filter {
  std::string order_id;
  std::optional<Status> status;
};
// No legs: they are found by their ids, and in their wholes.
std::vector<Payment> list(store::Tx& tx, const std::string& merchant_id, const Filter& filter, const rpc::Page& page);

struct FoundRefund {
  Refund refund;
  std::string payment_id;
};
std::optional<FoundRefund> find_refund(store::Tx& tx, const std::string& merchant_id, const std::string& refund_id);

// Where an attempt belongs.
struct AttemptKey {
  std::string merchant_id;
  std::string payment_id;
  AttemptId attempt_id;
};
std::optional<AttemptKey> find_by_reference(store::Tx& tx, const std::string& reference);
std::optional<AttemptKey> find_money_attempt(store::Tx& tx, const std::string& processor, const std::string& processor_ref);
std::vector<AttemptKey> due_attempts(store::Tx& tx, Instant now, int rows_max);
std::optional<Instant> next_due(store::Tx& tx);
// At start: what was sent before the process ended is nobody's any more; the janitor is to look at it now.
std::int64_t adopt_sent_attempts(store::Tx& tx, Instant now);
void schedule_check(store::Tx& tx, const AttemptId& attempt, std::optional<Instant> at, int checks);

// What was answered about an attempt: a processor's reply, its webhook, or what it said when it was asked again.
struct AttemptAnswer {
  Instant at{};
  std::string attempt_id{};
  std::string cause{};  // a request's id, "janitor", "webhook/…"
  std::string outcome{};
  std::string processor_ref{};
  std::optional<Failure> failure{};
  Duration took{};
};
void note_answer(store::Tx& tx, const PaymentId& payment, const AttemptAnswer& answer);
// In the order they came.
std::vector<AttemptAnswer> answers_of(store::Tx& tx, const PaymentId& payment);
// For operators, who ask about any merchant's.
std::optional<std::string> merchant_of(store::Tx& tx, const std::string& payment_or_order_id);
// The payments in parts whose next move is due.
struct PaymentKey {
  std::string merchant_id;
  std::string payment_id;
};
std::vector<PaymentKey> due_wholes(store::Tx& tx, Instant now, int rows_max);
void put_off(store::Tx& tx, const std::string& payment_id, std::optional<Instant> until);

// A merchant's configuration as it was stored: the serialized payments.config.v1.MerchantConfig.
struct StoredConfig {
  std::int64_t version = 0;
  std::string bytes{};
  std::string actor{};
  Instant created_at{};
};
std::optional<StoredConfig> latest_config(store::Tx& tx, const std::string& merchant_id);
std::optional<StoredConfig> find_config(store::Tx& tx, const std::string& merchant_id, std::int64_t version);
// Those older than `below`, the newest first; or those newer than `above`, the oldest first.
std::vector<StoredConfig> list_configs(store::Tx& tx, const std::string& merchant_id, std::optional<std::int64_t> below, int rows_max);
std::vector<StoredConfig> list_configs_above(store::Tx& tx, const std::string& merchant_id, std::int64_t above, int rows_max);
void insert_config(store::Tx& tx, const std::string& merchant_id, const StoredConfig& config);

// False where this event was taken in before.
bool take_in(store::Tx& tx, std::string_view processor, const std::string& event_id, const std::string& type, Instant now, std::string_view outcome);

}  // namespace purser::payments
