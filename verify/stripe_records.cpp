#include "verify/stripe_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "kernel/money.hpp"
#include "platform/json/json_reader.hpp"

namespace purser::verify {
namespace {

using simdjson::dom::element;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr const char* page_size = "100";
constexpr Duration pause_first = milliseconds(500), pause_max = seconds(30);

using json::integer_at;
using json::text_at;

// Stripe counts two currencies in hundredths that ISO 4217 gives none; it takes whole units of them alone.
std::int64_t minor(std::int64_t amount, std::string_view currency) {
  const bool in_hundredths = currency == "isk" || currency == "ugx";
  return in_hundredths ? amount / 100 : amount;
}

// What was let go is what is neither captured nor held any more. An intent that was never confirmed held nothing.
ProcessorCharge charge_of(const element& intent) {
  ProcessorCharge charge{.processor_ref = text_at(intent, "/id"),
                         .reference = text_at(intent, "/metadata/purser_reference"),
                         .currency = text_at(intent, "/currency"),
                         .status = text_at(intent, "/status")};
  const std::int64_t capturable = minor(integer_at(intent, "/amount_capturable"), charge.currency);
  charge.captured = minor(integer_at(intent, "/amount_received"), charge.currency);
  const bool was_held = charge.status == "requires_capture" || charge.status == "succeeded";
  charge.authorized = was_held ? minor(integer_at(intent, "/amount"), charge.currency) : charge.captured + capturable;
  charge.released = charge.authorized - charge.captured - capturable;
  return charge;
}

ProcessorRefund refund_of(const element& refund) {
  return {.id = text_at(refund, "/id"),
          .reference = text_at(refund, "/metadata/purser_reference"),
          .amount = minor(integer_at(refund, "/amount"), text_at(refund, "/currency")),
          .status = text_at(refund, "/status")};
}

class StripeReader {
 public:
  StripeReader(http::Client& client, Clock& clock, StripeAccess access) : client_(client), clock_(clock), access_(std::move(access)) {}

  // All objects of a list, page by page, each handed to `each`.
  Reply<Done> read_list(std::string path, std::optional<Instant> since, std::function<void(const element&)> each,
                        std::function<void(std::size_t)> told) {
    std::string last;
    std::size_t records = 0;
    for (bool more = true; more;) {
      Fields fields{{"limit", page_size}};
      if (since) fields.emplace_back("created[gte]", std::to_string(since->unix_ms / 1000));
      if (!last.empty()) fields.emplace_back("starting_after", last);
      CO_TRY(const std::string body, co_await get(path + "?" + http::write_form(fields)));
      simdjson::dom::parser parser;
      element page;
      simdjson::dom::array data;
      if (parser.parse(body).get(page) != simdjson::SUCCESS || page["data"].get(data) != simdjson::SUCCESS) co_return unreadable(path);
      for (const element object : data) {
        last = text_at(object, "/id");
        if (last.empty()) co_return unreadable(path);
        each(object);
        ++records;
      }
      bool has_more = false;
      if (page["has_more"].get(has_more) != simdjson::SUCCESS) co_return unreadable(path);
      more = has_more && data.size() > 0;
      told(records);
    }
    co_return Done{};
  }

 private:
  static Error unreadable(const std::string& path) {
    return {.kind = Kind::unavailable,
            .code = "processor_unreadable",
            .detail = "What the processor answered to GET " + path + " is not a list of Stripe's. Is the base URL right?"};
  }

  Reply<std::string> get(std::string target) {
    std::string trouble;
    Duration pause = pause_first;
    for (int tries = 0; tries < access_.tries_max; ++tries) {
      if (tries > 0) co_await clock_.sleep(pause);
      pause = std::min(pause + pause, pause_max);
      http::Outbound request{
          .method = "GET", .url = access_.base_url + target, .connect_timeout = access_.connect_timeout, .total_timeout = access_.total_timeout};
      request.headers.set("Authorization", "Bearer " + access_.secret_key);
      request.headers.set("Stripe-Version", access_.api_version);
      const http::Outcome outcome = co_await client_.send(std::move(request));
      if (const auto* never = std::get_if<http::NotSent>(&outcome)) trouble = never->reason;
      if (const auto* doubt = std::get_if<http::InDoubt>(&outcome)) trouble = doubt->reason;
      const auto* response = std::get_if<http::Response>(&outcome);
      if (!response) continue;
      if (response->status == 200) co_return response->body;
      trouble = fmt::format("it answered {}", response->status);
      if (response->status != 429 && response->status < 500) co_return refused(*response);
      if (const auto wanted = retry_after(*response)) pause = std::min(*wanted, pause_max);
    }
    co_return Error{.kind = Kind::unavailable,
                    .code = "processor_unavailable",
                    .detail = fmt::format("The processor could not be read ({} tries): {}. Try again later.", access_.tries_max, trouble)};
  }

  static std::optional<Duration> retry_after(const http::Response& response) {
    const std::string_view text = response.headers.find("Retry-After").value_or("");
    std::int64_t wait = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wait);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || wait < 0) return std::nullopt;
    return seconds(std::min<std::int64_t>(wait, 3600));
  }

  static Error refused(const http::Response& response) {
    simdjson::dom::parser parser;
    element document;
    const std::string message = parser.parse(response.body).get(document) == simdjson::SUCCESS ? text_at(document, "/error/message") : "";
    const bool key = response.status == 401 || response.status == 403;
    return {.kind = Kind::unavailable,
            .code = "processor_refused",
            .detail = fmt::format("The processor answered {}: {} {}", response.status, message,
                                  key ? "Give it a key that may read PaymentIntents and Refunds (PURSER_STRIPE_SECRET_KEY)." : "")};
  }

  http::Client& client_;
  Clock& clock_;
  StripeAccess access_;
};

}  // namespace

Reply<std::vector<ProcessorCharge>> read_stripe_records(http::Client& client, Clock& clock, StripeAccess access, std::optional<Instant> since,
                                                        std::function<void(Progress)> told) {
  StripeReader reader(client, clock, std::move(access));
  std::vector<ProcessorCharge> charges;
  std::map<std::string, std::size_t, std::less<>> places;
  CO_TRY_DONE(co_await reader.read_list(
      "/v1/payment_intents", since,
      [&](const element& intent) {
        charges.push_back(charge_of(intent));
        places[charges.back().processor_ref] = charges.size() - 1;
      },
      [&](std::size_t records) { told({"payment intents", records}); }));
  CO_TRY_DONE(co_await reader.read_list(
      "/v1/refunds", since,
      [&](const element& refund) {
        const auto place = places.find(text_at(refund, "/payment_intent"));
        if (place != places.end()) charges[place->second].refunds.push_back(refund_of(refund));
      },
      [&](std::size_t records) { told({"refunds", records}); }));
  co_return charges;
}

}  // namespace purser::verify
