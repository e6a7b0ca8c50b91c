#include "app/event_types.hpp"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <array>

#include "orders/v1/events.pb.h"
#include "payments/events/v1/events.pb.h"
#include "purser/options/v1/options.pb.h"
#include "wallet/v1/events.pb.h"

namespace purser::app {

const std::set<std::string, std::less<>>& event_types() {
  static const auto types = [] {
    std::set<std::string, std::less<>> found;
    for (const auto* file :
         std::array{::orders::v1::OrderCreated::descriptor()->file(), ::payments::events::v1::PaymentCompleted::descriptor()->file(),
                    ::wallet::v1::WalletCredited::descriptor()->file()})
      for (int i = 0; i < file->message_type_count(); ++i) {
        const auto& options = file->message_type(i)->options();
        if (options.HasExtension(::purser::options::v1::event)) found.insert(options.GetExtension(::purser::options::v1::event).type());
      }
    return found;
  }();
  return types;
}

Result<Done> check_event_type(const std::string& type) {
  if (type.empty() || event_types().contains(type)) return Done{};
  return invalid("/type", "invalid_enum", fmt::format("There is no such type of event. There are: {}.", fmt::join(event_types(), ", ")));
}

}  // namespace purser::app
