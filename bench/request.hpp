// What the clients send: the bytes of one request, made beforehand, with slots of one length that each repetition fills anew.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::bench {

class RequestTemplate {
 public:
  using Fill = std::function<std::string_view(std::uint64_t repetition)>;

  // Each `marker` in the text is a slot as long as the marker; what `fill` gives must be that long.
  RequestTemplate(std::string name, std::string text, std::string_view marker, Fill fill);

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  // Makes `bytes`, a copy of text(), the request of this repetition.
  void fill(std::string& bytes, std::uint64_t repetition) const;

 private:
  std::string name_, text_;
  std::vector<std::size_t> slots_;
  std::size_t slot_bytes_;
  Fill fill_;
};

// Two lines of goods, a buyer of its own, a key of its own.
RequestTemplate checkout_request(const std::string& api_key);
// A bare amount, without an order.
RequestTemplate payment_request(const std::string& api_key);
// Orders in no particular order. At least one; their ids are equally long.
RequestTemplate order_read_request(const std::string& api_key, std::vector<std::string> order_ids);

// The first order id in the text of an answer; empty if there is none.
std::string order_id_in(std::string_view body);

}  // namespace purser::bench
