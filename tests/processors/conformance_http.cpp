// A processor that is reached over HTTP: the sandbox behind a wire. Its webhooks are read out of its store, each once it is due, instead of
// being waited for.
#include <ranges>

#include "platform/http/loopback_client.hpp"
#include "sandbox/events.hpp"
#include "sandbox/face.hpp"
#include "sandbox/ledger.hpp"
#include "tests/processors/conformance.hpp"

namespace purser::conformance {
namespace {

constexpr std::int64_t rows_max = 10'000;

const sandbox::Face& face_of(const Description& description) { return *sandbox::face_named(description.http->face); }

sandbox::Options options_for(const Description& description) {
  sandbox::Options options;
  const sandbox::FaceSettings& settings = description.http->settings;
  if (&face_of(description) == &sandbox::stripe_face())
    options.webhook_secret = settings.webhook_secret;
  else
    options.faces[description.http->face] = settings;
  return options;
}

// Brings to its end what is due by now.
void settle_due(store::Tx& tx, const sandbox::Face& face, Instant now) {
  const sandbox::Form none;
  for (auto due = face.next_settling(tx); due && *due <= now; due = face.next_settling(tx)) {
    sandbox::Call call{.tx = tx, .form = none, .now = now, .random = system_random(), .processor = face.name()};
    face.settle(call);
    sandbox::record_events(call, {});
  }
}

http::Request as_arrived(http::Outbound sent) {
  return {.method = "POST", .target = "/webhooks/it", .headers = std::move(sent.headers), .body = std::move(sent.body)};
}

void count(Books& books, const sandbox::LedgerRow& row) {
  if (row.kind == "authorized" || row.kind == "charged") ++books.charges, books.authorized += row.amount;
  if (row.kind == "captured" || row.kind == "charged") books.captured += row.amount;
  if (row.kind == "released" || row.kind == "canceled") books.let_go += row.amount;
  if (row.kind == "refunded") books.refunded += row.amount;
  if (row.kind == "refund_failed") books.refunded -= row.amount;
}

}  // namespace

HttpWorld::HttpWorld(const Description& description) : World(description) {
  store_ = store::open_sqlite({.file = folder_.database()}, sandbox::migrations()).value();
  sandbox_ = sandbox::make(*store_, clock, system_random(), nullptr, options_for(description));
  wire_ = std::make_shared<Wire>(http::make_loopback_client(sandbox_->handler()), clock, description.http->moves_money);
  adopt(adapter(wire_), *store_);
}
HttpWorld::~HttpWorld() { store_.reset(); }

Books HttpWorld::books(const Payment& payment) {
  const auto rows = run(store_->read([&](store::Tx& tx) -> Result<std::vector<sandbox::LedgerRow>> {
    return sandbox::read_ledger(tx, {.processor = is.http->face, .order_id = payment.order_id});
  }));
  Books books;
  for (const sandbox::LedgerRow& row : rows.value()) count(books, row);
  return books;
}

std::vector<http::Request> HttpWorld::webhooks() {
  const sandbox::Face& face = face_of(is);
  const Instant now = clock.now();
  const auto events = run(store_->transact([&](store::Tx& tx) -> Result<std::vector<sandbox::Event>> {
    settle_due(tx, face, now);
    return sandbox::list_events(tx, face.name(), {}, {.before = last_event_, .rows_max = rows_max});
  }));
  std::vector<http::Request> arrivals;
  for (const sandbox::Event& event : std::views::reverse(events.value()))
    arrivals.push_back(as_arrived(face.webhook(event, is.http->settings.webhook_secret, now)));
  if (!events->empty()) last_event_ = events->front().id;
  arrived_.insert(arrived_.end(), arrivals.begin(), arrivals.end());
  return arrivals;
}

http::Request HttpWorld::signed_by(const std::string& secret, Instant at, const std::optional<std::string>& object) {
  const sandbox::Face& face = face_of(is);
  const auto events = run(
      store_->read([&](store::Tx& tx) -> Result<std::vector<sandbox::Event>> { return sandbox::list_events(tx, face.name(), {}, {.rows_max = 1}); }));
  sandbox::Event event = events.value().front();
  if (object) event.object = *object;
  return as_arrived(face.webhook(event, secret, at));
}

void HttpWorld::lose_next_answer() {
  wire_->break_with(nullptr, [this](std::size_t, const http::Outbound& request, http::Response response) -> http::Outcome {
    if (!wire_->moves_money(request)) return response;
    wire_->mend();
    return http::InDoubt{"the answer was lost"};
  });
}

void HttpWorld::speak_of(OtherMoney other, std::int64_t amount) {
  const auto bent = [this, other, amount](std::string body) {
    if (other == OtherMoney::currency) return replaced(replaced(std::move(body), "usd", "eur"), "USD", "EUR");
    return replaced(std::move(body), is.http->amount_text(amount), is.http->amount_text(other == OtherMoney::less ? amount - 1 : amount + 1));
  };
  wire_->break_with(nullptr, [bent](std::size_t, const http::Outbound& request, http::Response response) {
    response.body = bent(std::move(response.body));
    return received(request, std::move(response));
  });
}

http::Response HttpWorld::control(std::string method, std::string path, std::string body) {
  return run(sandbox_->handler()({.method = std::move(method), .target = std::move(path), .body = std::move(body)}));
}

std::vector<std::string> HttpWorld::faults() const {
  return {"timeout_before_charge",
          "timeout_after_charge",
          "error_500_before",
          "error_500_after_charge",
          "cut_response",
          "drop_response",
          "slow",
          "rate_limited",
          "lock_timeout",
          "decline",
          "processing"};
}

// Slow is slower than the adapter waits.
void HttpWorld::strike(const std::string& fault, int count) {
  control("DELETE", "/_sandbox/faults");
  if (fault.empty()) return;
  const std::string waits = fault == "slow" ? R"(,"delay_ms":40000)" : "";
  const http::Response set = control("POST", "/_sandbox/faults",
                                     R"({"fault":")" + fault + R"(","count":)" + std::to_string(count) + R"(,"bytes":40)" + waits +
                                         R"(,"match":{"path_prefix":")" + is.http->path_prefix + R"("}})");
  EXPECT_EQ(set.status, 200) << set.body;
}

Outcome HttpWorld::ask_afresh(std::shared_ptr<http::Client> client, Instruction instruction, bool looks) {
  const auto fresh = adapter(std::move(client));
  return outcome_of(looks ? fresh->look_up(std::move(instruction)) : fresh->process(std::move(instruction)));
}

HttpWorld::Recording HttpWorld::record(Instruction instruction, bool looks) {
  wire_->mend();
  Outcome outcome = ask_afresh(wire_, instruction, looks);
  return {std::move(instruction), std::move(outcome), wire_->exchanges(), looks};
}

Outcome HttpWorld::replay(const Recording& recording, std::size_t bent, Replay::Bend bend) {
  return ask_afresh(std::make_shared<Replay>(recording.exchanges, bent, std::move(bend)), recording.instruction, recording.looks);
}

std::string HttpWorld::visit(const std::string& action_url, bool approves) {
  const std::size_t path = action_url.find("/_sandbox/");
  EXPECT_NE(path, std::string::npos) << action_url;
  if (path == std::string::npos) return "";
  const http::Response sent_back = control("POST", action_url.substr(path), approves ? "outcome=approve" : "outcome=decline");
  for (const auto& [name, value] : http::parse_target(sent_back.headers.find("location").value_or("")).query)
    if (name == is.http->action_result) return value;
  return "";
}

}  // namespace purser::conformance
