// The body of the sandbox: its ports, and the little it keeps in memory (settings, fault rules, the keys that are running).
#pragma once
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <mutex>
#include <set>

#include "sandbox/call.hpp"
#include "sandbox/events.hpp"
#include "sandbox/face.hpp"
#include "sandbox/idempotency.hpp"
#include "sandbox/sandbox.hpp"

namespace purser::sandbox {

inline constexpr std::string_view cut_header = "purser-sandbox-cut";

class Processor final : public Sandbox, public std::enable_shared_from_this<Processor> {
 public:
  Processor(store::Store& store, Clock& clock, Random& random, std::shared_ptr<http::Client> client, Options options);

  http::Handler handler() override;
  Task<void> run() override;
  void stop() override;

 private:
  using Signal = boost::asio::experimental::concurrent_channel<void(boost::system::error_code)>;
  struct Received;  // one request of a face's API, read
  struct Outcome;   // what came of it
  struct Due;       // what run() finds to do

  // routes.cpp
  static Task<http::Response> answer(std::shared_ptr<Processor> self, http::Request request);
  Task<http::Response> answer_api(http::Request request, http::Target target);
  Task<Outcome> execute(const Received& received);
  Outcome execute_in(store::Tx& tx, const Received& received);
  Task<Outcome> look(const Received& received);
  Task<http::Response> deliver_answer(const Received& received, Outcome outcome);
  static std::optional<KeyRecord> kept_under_key(store::Tx& tx, const Received& received, Instant now);
  bool claim(const std::string& key);
  void release(const std::string& key);

  // control.cpp
  Task<http::Response> answer_control(http::Request request, http::Target target);
  Task<http::Response> show_page();
  Task<http::Response> show_ledger(Form query);
  Task<http::Response> show_summary(Form query);
  Task<http::Response> show_deliveries(Form query);
  std::optional<Visit> let_decide(store::Tx& tx, const std::string& id, const std::string& outcome);
  Task<http::Response> authenticate_page(http::Request request, std::string id);
  http::Response control_faults(const http::Request& request);
  http::Response control_settings(const http::Request& request);

  // webhooks.cpp
  static Task<void> loop(std::shared_ptr<Processor> self);
  Task<Due> find_due();
  Task<void> settle(const Face& face);
  Task<void> pause_until(Instant due);
  static Task<void> attempt(std::shared_ptr<Processor> self, Delivery delivery);
  Task<void> record(Delivery delivery, Attempted attempted);
  void wake();

  Options options() const;
  WebhookTarget target(const Face& face) const;
  std::string base_url(const http::Request& request) const;
  std::string new_request_id() { return "req_" + encode_base32(make_uuid_v7(clock_.now(), random_)); }

  store::Store& store_;
  Clock& clock_;
  Random& random_;
  const std::shared_ptr<http::Client> client_;
  FaultRules faults_;

  mutable std::mutex guard_;  // of all below; never held across an await
  Options options_;
  std::set<std::string> running_;    // idempotency keys
  std::set<std::string> in_flight_;  // deliveries
  std::shared_ptr<Signal> signal_;
  bool stopping_ = false;
};

http::Response json_response(int status, std::string body);

}  // namespace purser::sandbox
