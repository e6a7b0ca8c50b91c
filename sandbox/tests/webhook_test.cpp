// Events: written with their effect, signed, delivered, tried again, and bent on request.
#include <algorithm>

#include "sandbox/signature.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

const std::string visa = "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true";

class Webhooks : public Workbench {
 protected:
  Webhooks() {
    start({.webhook_url = "http://shop.test/webhooks"});
    run_webhooks();
  }
  void wait_for(std::size_t count) {
    run_until([&] { return client_->sent.size() >= count; });
  }
  std::vector<std::string> types() {
    std::vector<std::string> found;
    for (const http::Outbound& sent : client_->sent) found.push_back(at(sent.body, "/type"));
    return found;
  }
};

TEST_F(Webhooks, TellEveryStepSigned) {
  const auto made = post("/v1/payment_intents", visa, "k1");
  wait_for(3);
  EXPECT_EQ(types(), (std::vector<std::string>{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}));
  const http::Outbound& last = client_->sent.back();
  EXPECT_EQ(at(last.body, "/object"), "event");
  EXPECT_EQ(at(last.body, "/data/object/id"), at(made, "/id"));
  EXPECT_EQ(at(last.body, "/data/object/status"), "succeeded");
  EXPECT_EQ(at(last.body, "/request/idempotency_key"), "k1");
  EXPECT_EQ(last.headers.find("stripe-signature"), signature_header("whsec_test", clock_.now(), last.body));
  EXPECT_EQ(at(get("/v1/events?type=charge.succeeded"), "/data/0/data/object/object"), "charge");
  EXPECT_EQ(at(get("/v1/events/" + at(last.body, "/id")), "/id"), at(last.body, "/id"));
  post("/v1/refunds", "payment_intent=" + at(made, "/id"));
  wait_for(5);
  EXPECT_EQ(types()[3], "refund.created");
  EXPECT_EQ(types()[4], "charge.refunded");
}

TEST_F(Webhooks, AReplayTellsNothing) {
  post("/v1/payment_intents", visa, "k1");
  post("/v1/payment_intents", visa, "k1");
  EXPECT_EQ(at(get("/v1/events"), "/data/3"), "(none)");
}

TEST_F(Webhooks, AreTriedAgainLaterAndLater) {
  start({.webhook_url = "http://shop.test/webhooks", .webhook_types = {"payment_intent.succeeded"}});
  run_webhooks();
  client_->statuses = {500, 302, 204};
  post("/v1/payment_intents", visa);
  const auto newest = [&](const char* pointer) { return at(get("/_sandbox/deliveries?limit=1"), pointer); };
  run_until([&] { return newest("/data/0/attempt") == "2"; });
  clock_.advance(milliseconds(999));
  EXPECT_EQ(client_->sent.size(), 1U);
  clock_.advance(milliseconds(1));
  run_until([&] { return newest("/data/0/attempt") == "3"; });
  clock_.advance(seconds(5));
  run_until([&] { return newest("/data/0/state") == "delivered"; });
  const auto deliveries = get("/_sandbox/deliveries");
  EXPECT_EQ(at(deliveries, "/data/0/attempt"), "3");
  EXPECT_EQ(at(deliveries, "/data/1/status"), "302");
  EXPECT_EQ(at(deliveries, "/data/2/status"), "500");
  EXPECT_EQ(at(deliveries, "/data/3"), "(none)");
  EXPECT_EQ(client_->sent[0].body, client_->sent[2].body);
}

TEST_F(Webhooks, LieOnRequest) {
  post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=webhook_duplicate");
  wait_for(6);
  auto ids = std::vector<std::string>();
  for (const http::Outbound& sent : client_->sent) ids.push_back(at(sent.body, "/id"));
  std::ranges::sort(ids);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[4], ids[5]);

  client_->sent.clear();
  post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=webhook_reordered");
  for (std::size_t i = 1; i <= 3; ++i) {
    clock_.advance(milliseconds(300));
    wait_for(i);
  }
  EXPECT_EQ(types(), (std::vector<std::string>{"payment_intent.succeeded", "charge.succeeded", "payment_intent.created"}));

  client_->sent.clear();
  post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=webhook_lost");
  EXPECT_EQ(at(get("/_sandbox/deliveries?limit=1"), "/data/0/state"), "lost");
  post("/v1/payment_intents", visa + "&metadata[sandbox_fault]=webhook_late&metadata[sandbox_delay_ms]=9000");
  EXPECT_EQ(at(get("/_sandbox/deliveries?limit=1"), "/data/0/state"), "pending");
  EXPECT_TRUE(client_->sent.empty());
  clock_.advance(milliseconds(9000));
  wait_for(3);
}

}  // namespace
}  // namespace purser::sandbox
