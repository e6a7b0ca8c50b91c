// The status line and header block of an answer, appended to one buffer. Framing is decided here and nowhere else: what a
// handler says about Content-Length, Transfer-Encoding or Connection is not copied, and no header can end its own line.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "platform/http/message.hpp"

namespace purser::http {

enum class Persistence : std::uint8_t {
  implied,  // HTTP/1.1 keeps the connection unless told otherwise
  stated,   // an HTTP/1.0 client asked to keep it and must be told that we do
  close,
};

void append_head(std::string& out, const Response& response, Persistence persistence);

// 1xx, 204 and 304 have no body, whatever the handler gave (RFC 9110 section 6.4.1).
bool may_have_body(int status);
std::string_view reason_phrase(int status);

}  // namespace purser::http
