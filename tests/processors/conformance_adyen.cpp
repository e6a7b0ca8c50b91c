// Adyen, as the kit needs to know it.
#include "contexts/payments/processors/adyen.hpp"
#include "tests/processors/conformance.hpp"

namespace purser::conformance {

Description adyen() {
  const std::string hmac_key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
  OverHttp http{.face = "adyen",
                .settings = {.webhook_secret = hmac_key},
                .other_secret = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF",
                .make =
                    [hmac_key](std::shared_ptr<http::Client> client, Clock&) {
                      return payments::make_adyen(std::move(client), {.base_url = "http://sandbox.test/adyen/v71",
                                                                      .api_key = "AQEkit",
                                                                      .merchant_account = "Kit",
                                                                      .hmac_key = hmac_key,
                                                                      .return_url = "http://shop.test/back"});
                    },
                .path_prefix = "/adyen/",
                .moves_money = [](const http::Outbound& request) { return request.method == "POST"; },
                .action_result = "redirectResult"};
  return {.name = "adyen",
          .approved = "test_APPROVED",
          .declines = {{"test_DECLINED", "declined", "generic_decline", true},
                       {"test_REFERRAL", "declined", "call_issuer", true},
                       {"test_ERROR", "declined", "processing_error", true},
                       {"test_BLOCK_CARD", "declined", "blocked_card", false},
                       {"test_CARD_EXPIRED", "invalid_card", "expired_card", false},
                       {"test_INVALID_CARD", "invalid_card", "incorrect_number", false},
                       {"test_ISSUER_UNAVAILABLE", "declined", "issuer_not_available", true},
                       {"test_NOT_ENOUGH_BALANCE", "declined", "insufficient_funds", true},
                       {"test_FRAUD", "declined", "fraudulent", false},
                       {"test_CVC_DECLINED", "invalid_card", "incorrect_cvc", false},
                       {"test_DECLINED_NON_GENERIC", "declined", "do_not_honor", true},
                       {"test_UNHEARD_OF", "invalid_card", "800", false}},
          .wants_buyer = "test_3DS",
          .finds_parts = false,
          .http = std::move(http),
          .make = [](const Description& description) { return std::make_unique<HttpWorld>(description); }};
}

}  // namespace purser::conformance
