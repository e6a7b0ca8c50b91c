// An HTTP message as everyone here sees it, whichever library carried it.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/async.hpp"

namespace purser::http {

struct Header {
  std::string name;
  std::string value;
};

// Names compare without case. find() gives the first value, or nothing.
class Headers {
 public:
  std::optional<std::string_view> find(std::string_view name) const;  // the first
  std::size_t count(std::string_view name) const;
  void set(std::string_view name, std::string_view value);  // replaces
  void add(std::string_view name, std::string_view value);
  const std::vector<Header>& all() const { return headers_; }
  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }

 private:
  std::vector<Header> headers_;
};

struct Request {
  std::string method;  // "POST"
  std::string target;  // path and query as sent: "/orders?limit=2"
  Headers headers{};
  std::string body{};
  std::string peer{};  // the client's address, without its port; empty where there is none
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
};

// Whoever answers requests. It must answer every one and never throw: what it throws becomes a bare 500.
using Handler = std::function<Task<Response>(Request)>;

// The parts of a target, percent-decoded. `valid` is false where the encoding is broken. A path is split before it is decoded, so
// that an encoded slash is a character of its segment and never begins another one: what tells paths apart looks at the segments.
struct Target {
  bool valid = true;
  std::string path;                                        // for people
  std::vector<std::string> segments;                       // "/a/b%2Fc" is "a" and "b/c", "/a/" is "a" and ""
  std::vector<std::pair<std::string, std::string>> query;  // in the order sent; "+" is a space
};
Target parse_target(std::string_view target);
std::string percent_encode(std::string_view text);

// application/x-www-form-urlencoded. Nothing where the encoding is broken.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view body);
std::string write_form(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace purser::http
