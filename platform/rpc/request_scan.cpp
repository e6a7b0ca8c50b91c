#include "platform/rpc/request_scan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kernel/card_number.hpp"

namespace purser::rpc {
namespace {

// Ids, hashes and times by their definition, whose digits say nothing.
constexpr std::array<std::string_view, 5> skipped = {"traceparent", "tracestate", "stripe-signature", "date", "content-length"};

bool same_name(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + ('a' - 'A') : x) == y; });
}

bool is_skipped(std::string_view name) {
  return std::ranges::any_of(skipped, [&](std::string_view other) { return same_name(name, other); });
}

bool in_headers(const http::Headers& headers) {
  return std::ranges::any_of(headers.all(), [](const http::Header& header) {
    return !is_skipped(header.name) && (contains_card_number(header.value) || contains_card_number(header.name));
  });
}

bool in_target(const http::Request& request, const http::Target& target) {
  if (contains_card_number(request.target) || contains_card_number(target.path)) return true;
  return std::ranges::any_of(target.query,
                             [](const auto& parameter) { return contains_card_number(parameter.first) || contains_card_number(parameter.second); });
}

Error refused(std::string_view where) {
  std::string detail = "A card number was found in " + std::string(where) + ". Send the token of your payment processor instead; nothing was stored.";
  return {.kind = Kind::invalid,
          .code = "card_number_refused",
          .detail = detail,
          .fields = {{.pointer = "", .detail = std::move(detail), .code = "card_number_refused"}}};
}

}  // namespace

std::optional<Error> find_card_number(const http::Request& request, const http::Target& target) {
  if (in_target(request, target)) return refused("the path or the query");
  if (in_headers(request.headers)) return refused("a header");
  // A processor's own numbers (a bank's reference in a signed webhook) may look like a card's. Its body is read for a few fields and
  // neither stored nor logged; refused, its news would be lost.
  if (target.segments.size() > 1 && target.segments.front() == "webhooks") return std::nullopt;
  if (contains_card_number(request.body)) return refused("the request body");
  return std::nullopt;
}

}  // namespace purser::rpc
