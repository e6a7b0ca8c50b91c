// What the checks found. A check is named by its row of the tables in verify.cpp, which also has its remedy.
#pragma once
#include "verify/verify.hpp"

namespace purser::verify {

class Findings {
 public:
  void add(std::string_view check, std::string subject, std::string detail);
  std::vector<Violation> take() { return std::move(violations_); }

 private:
  std::vector<Violation> violations_;
};

// The checks, each a file: verify/<what>.cpp.
void check_charges(store::Tx& tx, Findings& findings);
void check_amounts(store::Tx& tx, Findings& findings);
void check_splits(store::Tx& tx, Findings& findings);
void check_payment_status(store::Tx& tx, Findings& findings);
void check_agreement(store::Tx& tx, Findings& findings);
void check_order_history(store::Tx& tx, Findings& findings);
void check_order_events(store::Tx& tx, Findings& findings);
void check_payment_events(store::Tx& tx, Findings& findings);
void check_effects(store::Tx& tx, Findings& findings);
void check_wallets(store::Tx& tx, Findings& findings);
void check_keys(store::Tx& tx, Findings& findings);
void check_card_numbers(store::Tx& tx, Findings& findings);
void check_open_work(store::Tx& tx, const Options& options, Findings& findings);

}  // namespace purser::verify
