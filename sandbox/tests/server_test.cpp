// The sandbox behind a real socket, asked by the real client.
#include "platform/http/server.hpp"

#include <boost/asio/co_spawn.hpp>

#include "platform/http/curl_client.hpp"
#include "sandbox/tests/workbench.hpp"

namespace purser::sandbox {
namespace {

class OverTheWire : public Workbench {
 protected:
  // A client for each request: libcurl repeats a request whose kept-alive connection closes without one byte of an answer.
  http::Outcome send(std::uint16_t port, std::string body) {
    http::Outbound outbound{.method = "POST", .url = "http://127.0.0.1:" + std::to_string(port) + "/v1/payment_intents", .body = std::move(body)};
    outbound.headers.set("authorization", "Bearer sk_test_1");
    outbound.headers.set("content-type", "application/x-www-form-urlencoded");
    const auto curl = http::make_curl_client();
    std::optional<http::Outcome> outcome;
    boost::asio::co_spawn(io_, curl->send(std::move(outbound)), [&](std::exception_ptr, http::Outcome came) { outcome = std::move(came); });
    run_until([&] { return outcome.has_value(); });
    return *std::move(outcome);
  }
};

TEST_F(OverTheWire, ChargesAndCutsItsAnswers) {
  const auto refuse = [](Error error) { return http::Response{.status = 400, .body = error.detail}; };
  auto server = http::listen(io_.get_executor(), "127.0.0.1", 0, sandbox_->handler(), refuse, {.allow_cut = true});
  const std::string visa = "amount=1000&currency=usd&payment_method=pm_card_visa&confirm=true";

  const auto whole = send(server->port(), visa);
  ASSERT_TRUE(std::holds_alternative<http::Response>(whole));
  EXPECT_EQ(at(std::get<http::Response>(whole), "/status"), "succeeded");
  for (const char* fault : {"drop_response", "cut_response&metadata[sandbox_bytes]=9", "cut_response&metadata[sandbox_bytes]=600"})
    EXPECT_TRUE(std::holds_alternative<http::InDoubt>(send(server->port(), visa + "&metadata[sandbox_fault]=" + fault))) << fault;
  EXPECT_EQ(ledger(), "charged 1000, charged 1000, charged 1000, charged 1000");

  bool drained = false;
  boost::asio::co_spawn(io_, server->drain(seconds(5)), [&](std::exception_ptr) { drained = true; });
  run_until([&] { return drained; });
}

}  // namespace
}  // namespace purser::sandbox
