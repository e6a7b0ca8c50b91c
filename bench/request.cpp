#include "bench/request.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <stdexcept>

namespace purser::bench {
namespace {

constexpr std::string_view number_marker = "############";
constexpr std::size_t order_id_bytes = 30;  // "ord_" and 26 characters

// The repetition in digits. Every run starts on an empty database, so no number was used before.
RequestTemplate::Fill numbers() {
  auto text = std::make_shared<std::string>(number_marker.size(), '0');
  return [text](std::uint64_t repetition) -> std::string_view {
    for (std::size_t at = text->size(); at-- > 0; repetition /= 10) (*text)[at] = static_cast<char>('0' + repetition % 10);
    return *text;
  };
}

std::string post(const std::string& path, const std::string& api_key, const std::string& body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nIdempotency-Key: \"bench{}-{}\"\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      path, api_key, path, number_marker, body.size(), body);
}

}  // namespace

RequestTemplate::RequestTemplate(std::string name, std::string text, std::string_view marker, Fill fill)
    : name_(std::move(name)), text_(std::move(text)), slot_bytes_(marker.size()), fill_(std::move(fill)) {
  for (auto at = text_.find(marker); at != std::string::npos; at = text_.find(marker, at + marker.size())) slots_.push_back(at);
}

void RequestTemplate::fill(std::string& bytes, std::uint64_t repetition) const {
  const std::string_view value = fill_(repetition);
  if (value.size() != slot_bytes_) throw std::runtime_error("a slot of the request was filled with a text of another length");
  for (const std::size_t slot : slots_) std::memcpy(bytes.data() + slot, value.data(), slot_bytes_);
}

RequestTemplate checkout_request(const std::string& api_key) {
  const std::string body =
      fmt::format(R"({{"user_id":"user-{}","currency":"USD","items":[{{"sku":"MUG-BLUE","name":"Blue mug","quantity":2,"unit_price":1250}},)"
                  R"({{"sku":"TEA-GREEN-100","name":"Green tea, 100 g","quantity":1,"unit_price":899}}],"payment_method":"pm_card_visa"}})",
                  number_marker);
  return {"POST /checkout", post("/checkout", api_key, body), number_marker, numbers()};
}

RequestTemplate payment_request(const std::string& api_key) {
  const std::string body = fmt::format(R"({{"user_id":"user-{}","amount":3399,"currency":"USD","payment_method":"pm_card_visa"}})", number_marker);
  return {"POST /payments", post("/payments", api_key, body), number_marker, numbers()};
}

RequestTemplate order_read_request(const std::string& api_key, std::vector<std::string> order_ids) {
  if (order_ids.empty()) throw std::runtime_error("no order to read");
  const std::string marker(order_ids.front().size(), '#');
  std::string text = fmt::format("GET /orders/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n", marker, api_key);
  constexpr std::uint64_t stride = 7919;  // a prime: neighbours in time are not neighbours on disk
  auto fill = [ids = std::move(order_ids)](std::uint64_t repetition) -> std::string_view { return ids[repetition * stride % ids.size()]; };
  return {"GET /orders/{id}", std::move(text), marker, std::move(fill)};
}

std::string order_id_in(std::string_view body) {
  const auto at = body.find("\"ord_");
  return at == std::string_view::npos || at + 1 + order_id_bytes > body.size() ? "" : std::string(body.substr(at + 1, order_id_bytes));
}

}  // namespace purser::bench
