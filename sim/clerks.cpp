// What the shop's people do about an order. They do not look first whether it can be done: the shop has to say.
#include "platform/json/json_writer.hpp"
#include "sim/people.hpp"

namespace purser::sim {
namespace {

std::string amount_json(std::int64_t amount) { return "{\"amount\":" + std::to_string(amount) + "}"; }

}  // namespace

// Under a key of its own, as long as it takes.
Task<Answer> People::command(std::string path, std::string body) {
  co_return co_await client_.ask({.path = std::move(path), .body = std::move(body), .key = client_.new_key(), .patience = minutes(30)});
}

Task<void> People::nothing(std::string) { co_return; }

Task<void> People::capture(std::string order_id) {
  co_await pause(minutes(2));
  co_await command("/payments/" + order_id + "/capture", "{}");
}

Task<void> People::capture_in_parts(std::string order_id) {
  co_await pause(minutes(2));
  const Answer payment = co_await client_.ask({.method = "GET", .path = "/payments/" + order_id});
  const std::int64_t amount = payment.integer("/amount_authorized");
  for (std::int64_t parts = chance().between(1, 3); parts > 0 && amount >= 3; --parts)
    co_await command("/payments/" + order_id + "/capture", amount_json(amount / 3));
  if (chance().odds(0.6)) co_await command("/payments/" + order_id + "/capture", R"({"final":true})");
}

Task<void> People::capture_twice_at_once(std::string order_id) {
  co_await pause(minutes(2));
  const auto once = [](People* people, std::string path) -> Task<void> { static_cast<void>(co_await people->command(path, "{}")); };
  set_going(once(this, "/payments/" + order_id + "/capture"));
  co_await once(this, "/payments/" + order_id + "/capture");
}

Task<void> People::refund(std::string order_id) {
  co_await pause(minutes(4));
  co_await command("/payments/" + order_id + "/refund", chance().odds(0.7) ? "{}" : amount_json(chance().between(1, 5'000)));
}

// Parts that fit one by one and exceed the payment together.
Task<void> People::refund_in_parts_at_once(std::string order_id) {
  co_await pause(minutes(4));
  const Answer payment = co_await client_.ask({.method = "GET", .path = "/payments/" + order_id});
  const std::int64_t captured = payment.integer("/amount_captured");
  if (captured < 2) co_return;
  const auto part = [](People* people, std::string path, std::string body) -> Task<void> {
    co_await people->pause(milliseconds(30));
    static_cast<void>(co_await people->command(path, body));
  };
  for (int parts = 0; parts < 3; ++parts) set_going(part(this, "/payments/" + order_id + "/refund", amount_json(captured * 2 / 5)));
}

Task<void> People::refund_then_cancel(std::string order_id) {
  co_await pause(minutes(4));
  co_await command("/payments/" + order_id + "/refund", amount_json(chance().between(1, 500)));
  co_await command("/orders/" + order_id + "/cancel", R"({"reason":"changed my mind"})");
}

Task<void> People::cancel(std::string order_id) {
  co_await pause(minutes(4));
  co_await command("/orders/" + order_id + "/cancel", R"({"reason":"changed my mind"})");
}

Task<void> People::cancel_twice_at_once(std::string order_id) {
  co_await pause(minutes(4));
  const auto once = [](People* people, std::string path) -> Task<void> { static_cast<void>(co_await people->command(path, "{}")); };
  set_going(once(this, "/orders/" + order_id + "/cancel"));
  co_await once(this, "/orders/" + order_id + "/cancel");
}

Task<void> People::void_payment(std::string order_id) {
  co_await pause(minutes(3));
  co_await command("/payments/" + order_id + "/void", R"({"reason":"out of stock"})");
}

Task<void> People::retry(std::string order_id) {
  co_await pause(minutes(3));
  co_await command("/payments/" + order_id + "/retry", R"({"payment_method":"pm_card_visa"})");
}

}  // namespace purser::sim
