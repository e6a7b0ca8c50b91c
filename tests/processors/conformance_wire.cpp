#include "tests/processors/conformance_wire.hpp"

#include <simdjson.h>

#include "platform/json/json_writer.hpp"

namespace purser::conformance {
namespace {

std::string head_of(std::string line, const http::Headers& headers) {
  line += "\r\n";
  for (const auto& [name, value] : headers) line += name + ": " + value + "\r\n";
  return line + "\r\n";
}
std::string head_of(const http::Response& response) { return head_of("HTTP/1.1 " + std::to_string(response.status), response.headers); }

// Writes a document again, with one value in place of another.
class Rewriter {
 public:
  Rewriter(std::size_t at, std::string_view replacement) : at_(at), replacement_(replacement) {}
  std::string rewrite(const simdjson::dom::element& root) {
    write(root);
    return out_;
  }
  bool replaced() const { return count_ > at_; }

 private:
  void write(const simdjson::dom::element& value) {
    if (count_++ == at_) {
      json_.raw(replacement_);
    } else if (value.is_object()) {
      json_.begin_object();
      for (const auto& [name, inner] : simdjson::dom::object(value)) json_.key(name), write(inner);
      json_.end_object();
    } else if (value.is_array()) {
      json_.begin_array();
      for (const auto inner : simdjson::dom::array(value)) write(inner);
      json_.end_array();
    } else {
      json_.raw(simdjson::minify(value));
    }
  }
  const std::size_t at_;
  const std::string_view replacement_;
  std::size_t count_ = 0;
  std::string out_;
  JsonWriter json_{out_};
};

}  // namespace

std::string written(const http::Outbound& request) {
  return head_of(request.method + " " + request.url + " HTTP/1.1", request.headers) + request.body;
}
std::string written(const http::Response& response) { return head_of(response) + response.body; }

http::Outcome cut(const http::Outbound&, std::size_t bytes) {
  if (bytes == 0) return http::NotSent{"the connection was refused"};
  return http::InDoubt{"the connection was cut while the request was sent"};
}

http::Outcome cut(const http::Response& response, std::size_t bytes) {
  const std::size_t head = head_of(response).size();
  if (bytes < head) return http::InDoubt{"the connection was cut before the reply"};
  http::Response rest = response;
  rest.body.resize(std::min(rest.body.size(), bytes - head));
  return rest;
}

http::Outcome received(const http::Outbound& request, http::Response response) {
  if (response.body.size() > request.response_bytes_max) return http::InDoubt{"the response is too large"};
  return response;
}

void Wire::break_with(Before before, After after) {
  before_ = std::move(before), after_ = std::move(after);
  asked_ = money_left_ = 0;
  exchanges_.clear();
}

Task<http::Outcome> Wire::send(http::Outbound request) {
  const std::size_t index = asked_++;
  const Before before = before_;
  const After after = after_;  // may mend the wire itself
  std::optional<http::Outcome> instead = before ? before(index, request) : std::nullopt;
  if (moves_money_(request) && !(instead && std::holds_alternative<http::NotSent>(*instead))) ++money_left_;
  if (instead) co_return *std::move(instead);
  const Instant begun = clock_.now();
  const http::Outbound asked = request;
  http::Outcome outcome = co_await inner_->send(std::move(request));
  auto* response = std::get_if<http::Response>(&outcome);
  if (response == nullptr) co_return outcome;
  if (clock_.now() - begun > asked.total_timeout) co_return http::InDoubt{"time-out"};
  if (response->headers.find("purser-sandbox-cut")) co_return http::InDoubt{"the connection was cut"};
  exchanges_.push_back({asked, *response});
  if (after) co_return after(index, asked, std::move(*response));
  co_return received(asked, std::move(*response));
}

Task<http::Outcome> Replay::send(http::Outbound request) {
  const std::size_t index = asked_++;
  if (index >= exchanges_.size()) co_return http::InDoubt{"nothing more was recorded"};
  const Exchange& exchange = exchanges_[index];
  if (exchange.request.method != request.method || exchange.request.url != request.url) co_return http::InDoubt{"something else was recorded"};
  if (index == bent_) co_return bend_(exchange);
  co_return exchange.response;
}

std::optional<std::string> with_value(const std::string& json, std::size_t at, std::string_view replacement) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) return std::nullopt;
  Rewriter rewriter(at, replacement);
  std::string text = rewriter.rewrite(root);
  return rewriter.replaced() ? std::optional(std::move(text)) : std::nullopt;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

}  // namespace purser::conformance
