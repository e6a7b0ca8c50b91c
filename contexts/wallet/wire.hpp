// Between the context's own values and its contract (wallet/v1).
#pragma once
#include "contexts/wallet/repository.hpp"
#include "wallet/v1/events.pb.h"
#include "wallet/v1/wallet.pb.h"

namespace purser::wallet {

namespace api = ::wallet::v1;

api::Operation to_api(const Operation& operation);
api::Hold to_api(const Charge& hold);
api::Entry to_api(const JournalLine& line);
api::Balance to_api(const UserBalance& balance);
api::WalletFacts facts_of(const Wallet& wallet, const Operation& operation);
std::optional<Account> from_api(api::WalletAccount account);  // nothing for UNSPECIFIED

}  // namespace purser::wallet
