// TypeIDs (https://github.com/jetify-com/typeid spec 0.3): a prefix and a UUIDv7 in Crockford base32, "ord_01h455vb4pex5vsknk084sn02q".
// Each kind of id is a type of its own and converts to no other. An id is never a secret: keys come from a CSPRNG.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser {

using Uuid = std::array<std::uint8_t, 16>;

std::string encode_base32(const Uuid& uuid);               // 26 characters
std::optional<Uuid> decode_base32(std::string_view text);  // lower case only, no overflow

template <const char* Prefix>
struct Id {
  Uuid uuid{};
  auto operator<=>(const Id&) const = default;

  static constexpr std::string_view prefix() { return Prefix; }
  std::string text() const { return std::string(Prefix) + "_" + encode_base32(uuid); }
  static std::optional<Id> parse(std::string_view text) {
    if (!text.starts_with(prefix()) || text.size() <= prefix().size() || text[prefix().size()] != '_') return std::nullopt;
    const auto uuid = decode_base32(text.substr(prefix().size() + 1));
    return uuid ? std::optional(Id{*uuid}) : std::nullopt;
  }
};

// A prefix is an array with linkage, so that it can name a type.
namespace prefixes {
inline constexpr char order[] = "ord", order_item[] = "item", order_history[] = "ohi", payment[] = "pay", attempt[] = "att", capture[] = "cap",
                      refund[] = "ref", event[] = "evt", merchant[] = "mer", api_key[] = "key", request[] = "req", webhook[] = "whk",
                      wallet[] = "wal", wallet_operation[] = "wop", wallet_entry[] = "wen";
}

using OrderId = Id<prefixes::order>;
using OrderItemId = Id<prefixes::order_item>;
using OrderHistoryId = Id<prefixes::order_history>;
using PaymentId = Id<prefixes::payment>;
using AttemptId = Id<prefixes::attempt>;
using CaptureId = Id<prefixes::capture>;
using RefundId = Id<prefixes::refund>;
using EventId = Id<prefixes::event>;
using MerchantId = Id<prefixes::merchant>;
using ApiKeyId = Id<prefixes::api_key>;
using RequestId = Id<prefixes::request>;
using WebhookId = Id<prefixes::webhook>;
using WalletId = Id<prefixes::wallet>;
using WalletOperationId = Id<prefixes::wallet_operation>;
using WalletEntryId = Id<prefixes::wallet_entry>;

}  // namespace purser
