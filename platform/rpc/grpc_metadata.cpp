#include "platform/rpc/grpc_metadata.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "kernel/card_number.hpp"
#include "kernel/id.hpp"

namespace purser::rpc {
namespace {

constexpr std::size_t idempotency_key_max = 255;
constexpr std::size_t correlation_id_max = 128;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool equals_without_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

Error unauthenticated(const char* remedy) { return {.kind = Kind::unauthenticated, .code = "unauthenticated", .detail = remedy}; }

// RFC 8941 section 4.1.6.
std::string quoted(std::string_view text) {
  std::string string = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') string += '\\';
    string += c;
  }
  return string + '"';
}

std::string travelling(const std::string& key) {
  if (key.size() <= idempotency_key_max && key.find(' ') == std::string::npos) return key;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return fmt::format("sha256-{:02x}", fmt::join(digest, ""));
}

}  // namespace

Call new_call(const Metadata& metadata, Instant now, Random& random) {
  Call call;
  call.request_id = make_id<RequestId>(now, random).text();
  const auto correlation = metadata.find(names::correlation_id).value_or("");
  const bool usable =
      !correlation.empty() && correlation.size() <= correlation_id_max && is_printable(correlation) && !contains_card_number(correlation);
  call.correlation_id = usable ? std::string(correlation) : call.request_id;
  call.trace = trace::child_of(trace::parse_traceparent(metadata.find(names::traceparent).value_or("")), random);
  return call;
}

Result<std::string> read_api_key(const Metadata& metadata) {
  static constexpr std::string_view scheme = "bearer ";
  const auto value = metadata.find(names::authorization);
  if (!value) return unauthenticated("Send your API key as metadata: authorization: Bearer sk_…");
  if (value->size() <= scheme.size() || !equals_without_case(value->substr(0, scheme.size()), scheme))
    return unauthenticated("The authorization must read: Bearer sk_…");
  return std::string(value->substr(scheme.size()));
}

Result<Done> refuse_card_numbers(const Metadata& metadata) {
  for (const auto& [name, value] : metadata) {
    if (name == names::traceparent || name == names::tracestate) continue;  // hex digits pass for a card number now and then
    if (!contains_card_number(value) && !contains_card_number(name)) continue;
    const std::string where = contains_card_number(name) ? "the name of a metadata entry" : "the metadata " + std::string(name);
    const std::string detail = "A card number was found in " + where + ". Send the token of your payment processor instead; nothing was stored.";
    return Error{.kind = Kind::invalid, .code = "card_number_refused", .detail = detail, .fields = {{"", detail, "card_number_refused"}}};
  }
  return Done();
}

Metadata write_metadata(const Call& call, std::string_view api_key) {
  Metadata metadata;
  metadata.add(names::authorization, fmt::format("Bearer {}", api_key));
  if (!call.idempotency_key.empty()) metadata.add(names::idempotency_key, quoted(travelling(call.idempotency_key)));
  if (call.if_match) metadata.add(names::if_match, etag_text(*call.if_match));
  if (call.trace.valid()) metadata.add(names::traceparent, call.trace.traceparent());
  if (!call.correlation_id.empty()) metadata.add(names::correlation_id, call.correlation_id);
  return metadata;
}

std::string etag_text(std::int64_t version) { return fmt::format("\"{}\"", version); }

}  // namespace purser::rpc
