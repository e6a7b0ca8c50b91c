#include "platform/rpc/idempotency_key.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace purser::rpc {
namespace {

constexpr std::size_t key_length_max = 255;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 8941 section 4.2.5: between quotes, a backslash stands only before a quote or another backslash.
std::optional<std::string> parse_sf_string(std::string_view text) {
  std::string value;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1 == text.size() ? std::optional(std::move(value)) : std::nullopt;
    if (text[at] == '\\' && (++at == text.size() || (text[at] != '"' && text[at] != '\\'))) return std::nullopt;
    value += text[at];
  }
  return std::nullopt;
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= key_length_max && std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Result<std::optional<std::string>> idempotency_key(const http::Headers& headers) {
  const auto header = headers.find("Idempotency-Key");
  if (!header) return std::optional<std::string>();
  const std::string_view text = trimmed(*header);
  // Two of them: which one counts would be anybody's guess, and the request could be done twice.
  if (headers.count("Idempotency-Key") > 1)
    return Error{.kind = Kind::malformed, .code = "idempotency_key_invalid", .detail = "Send one Idempotency-Key header, not several."};
  auto key = text.starts_with('"') ? parse_sf_string(text) : std::optional(std::string(text));
  if (!key || !is_key(*key))
    return Error{.kind = Kind::malformed,
                 .code = "idempotency_key_invalid",
                 .detail = "The Idempotency-Key must be 1 to 255 visible ASCII characters, in double quotes or without."};
  return key;
}

Result<std::optional<std::int64_t>> if_match(const http::Headers& headers) {
  const auto header = headers.find("If-Match");
  if (!header) return std::optional<std::int64_t>();
  if (headers.count("If-Match") > 1)
    return Error{.kind = Kind::malformed, .code = "if_match_invalid", .detail = "Send one If-Match header, not several."};
  std::string_view tag = trimmed(*header);
  if (tag == "*") return std::optional<std::int64_t>();
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  std::int64_t version = 0;
  const bool quoted = tag.size() > 2 && tag.front() == '"' && tag.back() == '"';
  const char *begin = tag.data() + 1, *end = tag.data() + tag.size() - 1;
  if (quoted) {
    const auto [stop, trouble] = std::from_chars(begin, end, version);
    if (trouble == std::errc() && stop == end && version >= 0) return std::optional(version);
  }
  return Error{
      .kind = Kind::malformed, .code = "if_match_invalid", .detail = "If-Match must be one ETag as this server gave it, for example \"3\", or *."};
}

}  // namespace purser::rpc
