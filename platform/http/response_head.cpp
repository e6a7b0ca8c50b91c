#include "platform/http/response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace purser::http {
namespace {

bool is_token(std::string_view name) {
  constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || symbols.contains(c);
  });
}

bool frames_the_message(std::string_view name) {
  constexpr std::string_view ours[] = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"};
  return std::ranges::any_of(ours, [&](std::string_view our) {
    return std::ranges::equal(our, name, [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b); });
  });
}

void append_value(std::string& out, std::string_view value) {
  constexpr std::string_view enders("\r\n\0", 3);
  if (value.find_first_of(enders) == std::string_view::npos) {
    out += value;
    return;
  }
  std::ranges::copy_if(value, std::back_inserter(out), [&](char c) { return !enders.contains(c); });
}

// IMF-fixdate (RFC 9110 section 5.6.7), made once a second for each thread.
const std::string& date_now() {
  constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::time_t made_at = -1;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour,
                       utc.tm_min, utc.tm_sec);
    made_at = now;
  }
  return text;
}

}  // namespace

void append_head(std::string& out, const Response& response, Persistence persistence) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status), date_now());
  if (may_have_body(response.status)) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  if (persistence == Persistence::close) out += "Connection: close\r\n";
  if (persistence == Persistence::stated) out += "Connection: keep-alive\r\n";
  for (const Header& header : response.headers) {
    if (!is_token(header.name) || frames_the_message(header.name)) continue;
    out += header.name;
    out += ": ";
    append_value(out, header.value);
    out += "\r\n";
  }
  out += "\r\n";
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace purser::http
