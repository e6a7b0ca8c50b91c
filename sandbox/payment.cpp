#include "sandbox/payment.hpp"

#include <algorithm>
#include <array>

namespace purser::sandbox {
namespace {

constexpr std::array<std::string_view, 7> statuses = {
    "requires_payment_method", "requires_confirmation", "requires_action", "processing", "requires_capture", "canceled", "succeeded"};
constexpr std::array<std::string_view, 3> refund_statuses = {"pending", "succeeded", "failed"};

template <class E, std::size_t N>
std::optional<E> position(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<E>(found - names.begin()));
}

}  // namespace

std::string_view text_of(Status status) { return statuses[static_cast<std::size_t>(status)]; }
std::optional<Status> parse_status(std::string_view text) { return position<Status>(statuses, text); }
std::string_view text_of(RefundStatus status) { return refund_statuses[static_cast<std::size_t>(status)]; }
std::optional<RefundStatus> parse_refund_status(std::string_view text) { return position<RefundStatus>(refund_statuses, text); }

std::string_view value_of(const Pairs& pairs, std::string_view name) {
  const auto found = std::ranges::find(pairs, name, [](const auto& pair) { return std::string_view(pair.first); });
  return found == pairs.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace purser::sandbox
