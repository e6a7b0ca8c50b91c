// The SQL of payment intents, charges and refunds. Ids ascend with time, so "newest first" is "greatest id first".
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/store/store.hpp"
#include "sandbox/payment.hpp"

namespace purser::sandbox {

std::optional<PaymentIntent> load_intent(store::Tx& tx, std::string_view id);
void insert(store::Tx& tx, const PaymentIntent& intent);
void update(store::Tx& tx, const PaymentIntent& intent);

std::optional<Charge> load_charge(store::Tx& tx, std::string_view id);
void save(store::Tx& tx, const Charge& charge);

std::optional<Refund> load_refund(store::Tx& tx, std::string_view id);
void save(store::Tx& tx, const Refund& refund);

// One page of a list. `rows_max` rows at most; with `before`, the page that ends just above it, still newest first.
struct Page {
  std::string after{};   // starting_after
  std::string before{};  // ending_before
  std::int64_t rows_max = 10;
  std::optional<std::int64_t> created_from_ms{}, created_until_ms{};  // from inclusive, until exclusive
};
std::vector<PaymentIntent> list_intents(store::Tx& tx, const Page& page);
std::vector<Charge> list_charges(store::Tx& tx, std::string_view payment_intent, const Page& page);
std::vector<Refund> list_refunds(store::Tx& tx, std::string_view payment_intent, std::string_view charge, const Page& page);

// Search: each filter left empty matches all. `metadata` pairs must all be there.
struct Search {
  Pairs metadata{};
  std::string status{};
  std::string currency{};
  std::optional<std::int64_t> amount{};
  std::string after{};
  std::int64_t rows_max = 10;
  Instant created_before{};  // what is younger is not visible yet
};
std::vector<PaymentIntent> search_intents(store::Tx& tx, const Search& search);

std::vector<PaymentIntent> settling_intents(store::Tx& tx, Instant due);
std::vector<Refund> settling_refunds(store::Tx& tx, Instant due);
std::optional<Instant> next_settling(store::Tx& tx);

std::string pack(const Pairs& pairs);
Pairs unpack(std::string_view text);

}  // namespace purser::sandbox
