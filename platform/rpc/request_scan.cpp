#include "platform/rpc/request_scan.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "kernel/card_number.hpp"
#include "platform/json/pointer.hpp"
#include "platform/rpc/json.hpp"

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

std::optional<std::string> place_in_headers(const http::Headers& headers) {
  for (const http::Header& header : headers) {
    if (is_skipped(header.name)) continue;
    if (contains_card_number(header.name)) return "the name of a header";
    if (contains_card_number(header.value)) return "the header " + header.name;
  }
  return std::nullopt;
}

std::optional<std::string> place_in_target(const http::Request& request, const http::Target& target) {
  for (const auto& [name, value] : target.query) {
    if (contains_card_number(name)) return "the name of a query parameter";
    if (contains_card_number(value)) return "the query parameter " + name;
  }
  if (contains_card_number(request.target) || contains_card_number(target.path)) return "the path or the query";
  return std::nullopt;
}

// RFC 6901. Text that holds a card number is not repeated: its member is told as the object it stands in.
std::optional<std::string> pointer_to_card(const simdjson::dom::element& value, const std::string& here, int depth) {
  if (depth > json_depth_max) return std::nullopt;
  simdjson::dom::object object;
  if (value.get(object) == simdjson::SUCCESS) {
    for (const auto& [key, member] : object) {
      if (contains_card_number(key)) return here;
      std::string below = here;
      json::append_step(below, key);
      if (auto found = pointer_to_card(member, below, depth + 1)) return found;
    }
    return std::nullopt;
  }
  simdjson::dom::array array;
  if (value.get(array) == simdjson::SUCCESS) {
    std::size_t index = 0;
    for (const auto element : array)
      if (auto found = pointer_to_card(element, here + "/" + std::to_string(index++), depth + 1)) return found;
    return std::nullopt;
  }
  std::string_view text;
  const std::string written = value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
  return contains_card_number(written) ? std::optional(here) : std::nullopt;
}

// Where in a body that is known to hold one; "" where it is not JSON, or where only the text between two values looks like one.
std::string pointer_in_body(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(body).get(root) != simdjson::SUCCESS) return "";
  return pointer_to_card(root, "", 0).value_or("");
}

Error refused(const std::string& where, std::string pointer) {
  std::string detail = "A card number was found in " + where + ". Send the token of your payment processor instead; nothing was stored.";
  return {.kind = Kind::invalid,
          .code = "card_number_refused",
          .detail = detail,
          .fields = {{.pointer = std::move(pointer), .detail = std::move(detail), .code = "card_number_refused"}}};
}

}  // namespace

std::optional<Error> find_card_number(const http::Request& request, const http::Target& target) {
  if (const auto place = place_in_target(request, target)) return refused(*place, "");
  if (const auto place = place_in_headers(request.headers)) return refused(*place, "");
  // A processor's own numbers (a bank's reference in a signed webhook) may look like a card's. Its body is read for a few fields and
  // neither stored nor logged; refused, its news would be lost.
  if (target.segments.size() > 1 && target.segments.front() == "webhooks") return std::nullopt;
  if (contains_card_number(request.body)) return refused("the request body", pointer_in_body(request.body));
  return std::nullopt;
}

}  // namespace purser::rpc
