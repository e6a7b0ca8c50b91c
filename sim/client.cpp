#include "sim/client.hpp"

#include <algorithm>

namespace purser::sim {
namespace {

// What a client waits for and asks again: nobody has said yet what came of it.
bool is_undecided(const Answer& answer) {
  const int status = answer.status();
  if (status == 0 || status == 408 || status == 429 || status >= 500) return true;
  return status == 409 && answer.code() == "idempotency_key_in_use";
}

}  // namespace

Answer::Answer(int status, std::string body) : status_(status), body_(std::move(body)), parser_(std::make_shared<simdjson::dom::parser>()) {
  if (parser_->parse(body_).get(document_) != simdjson::SUCCESS) parser_.reset();
}

std::string Answer::text(std::string_view pointer) const {
  std::string_view found;
  if (!parser_ || document_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return "";
  return std::string(found);
}

std::int64_t Answer::integer(std::string_view pointer) const {
  std::int64_t found = 0;
  if (!parser_ || document_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return 0;
  return found;
}

Task<std::optional<http::Response>> ShopClient::once(const Ask& ask) {
  http::Outbound request{.method = ask.method, .url = "http://shop" + ask.path, .total_timeout = tuning_.client_timeout};
  request.headers.set("Authorization", "Bearer " + api_key_);
  if (!ask.key.empty()) request.headers.set("Idempotency-Key", ask.key);
  if (ask.method != "GET") {
    request.headers.set("Content-Type", "application/json");
    request.body = ask.body.empty() ? "{}" : ask.body;
  }
  ++asked_;
  http::Outcome outcome = co_await wire_->send(std::move(request));
  if (auto* response = std::get_if<http::Response>(&outcome)) co_return std::move(*response);
  co_return std::nullopt;
}

Task<Answer> ShopClient::ask(Ask ask) {
  World& world = process_.world();
  const std::int64_t end_us = world.now_us() + ask.patience.ms * 1000;
  Duration pause = milliseconds(chance_.between(200, 2'000));
  for (;;) {
    auto response = co_await once(ask);
    Answer answer = response ? Answer(response->status, std::move(response->body)) : Answer();
    if (world.tells())
      world.tell("client", ask.method + " " + ask.path + (ask.key.empty() ? "" : " (" + ask.key + ")") + " -> " +
                               (answer.status() == 0 ? "nothing" : std::to_string(answer.status()) + " " + answer.code()) + " " +
                               answer.text("/status") + answer.text("/payment/status"));
    if (!is_undecided(answer)) {
      learn(ask, answer);
      co_return answer;
    }
    if (!patient_ && world.now_us() > end_us) co_return Answer();
    co_await process_.clock().sleep(pause);
    pause = std::min(Duration{pause.ms * 2}, seconds(30));
  }
}

void ShopClient::learn(const Ask& ask, const Answer& answer) {
  if (!answer.ok()) return;
  if (!ask.key.empty()) memory_.note_answer(ask.key, answer.status(), answer.body());
  const auto payment = [&](const std::string& at) {
    memory_.note_payment(answer.text(at + "/id"), answer.integer(at + "/amount_captured"), answer.integer(at + "/amount_refunded"),
                         answer.text(at + "/status"));
  };
  const std::string id = answer.text("/id");
  if (id.starts_with("ord_")) memory_.note_order(id);
  if (id.starts_with("pay_")) payment("");
  if (id.starts_with("ref_")) memory_.note_refund(id, answer.text("/status"));
  if (const std::string order = answer.text("/order/id"); !order.empty()) memory_.note_order(order);
  if (!answer.text("/payment/id").empty()) payment("/payment");
}

Task<void> ShopClient::authenticate(std::string url, bool approve) {
  http::Outbound request{
      .method = "POST", .url = std::move(url), .body = approve ? "outcome=approve" : "outcome=decline", .total_timeout = seconds(30)};
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  static_cast<void>(co_await wire_->send(std::move(request)));
}

}  // namespace purser::sim
