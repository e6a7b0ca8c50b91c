// Digests, and how they and other bytes are written as text.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace purser {

// 32 bytes.
std::string sha256(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

std::string hex(std::string_view bytes);  // lower case
// Nothing where it is not hex, or nothing at all.
std::optional<std::string> bytes_of_hex(std::string_view text);

std::string base64(std::string_view bytes);  // with padding
// Nothing where it is not base64 with its padding.
std::optional<std::string> bytes_of_base64(std::string_view text);

// Takes the same time wherever they differ.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace purser
