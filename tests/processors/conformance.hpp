// The conformance kit: what every payment processor's adapter must do, asked of each in the same words. docs/adding-a-processor.md tells
// how to add one: a description here, and a line in descriptions().
//
// A World is one processor with its adapter, and nothing else in it: the sandbox's face (or the real wallet) on a store in a folder of its
// own, in a time that only passes when somebody sleeps or passes it. Each test has a new one.
//
// A Row is one thing that is asked, and one line of the table that the kit prints at its end, which docs/processors/README.md must show.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contexts/payments/orchestrator.hpp"
#include "contexts/payments/processors/processors.hpp"
#include "platform/store/tests/scratch_store.hpp"
#include "sandbox/sandbox.hpp"
#include "tests/processors/conformance_wire.hpp"

namespace purser::conformance {

using payments::AttemptKind;
using payments::Capabilities;
using payments::End;
using payments::Instruction;
using payments::Notice;
using payments::Outcome;

inline constexpr std::array all_kinds{AttemptKind::authorize, AttemptKind::sale,    AttemptKind::capture,
                                      AttemptKind::refund,    AttemptKind::release, AttemptKind::reverse};
constexpr bool gets_money(AttemptKind kind) { return kind == AttemptKind::authorize || kind == AttemptKind::sale; }

// ---- what a processor tells of itself ----

// A no that the processor can be made to say, and how the adapter must put it.
struct Decline {
  std::string payment_method;
  std::string code;          // declined or invalid_card
  std::string decline_code;  // in the words that fallback.decline_codes uses
  bool retryable;
  std::int64_t amount = 1000;
};

// How the processor is reached over HTTP; the sandbox has a face for it.
struct OverHttp {
  std::string face;                  // its name in sandbox/faces.cpp
  sandbox::FaceSettings settings{};  // with the secret that its webhooks are signed with
  std::string other_secret{};        // of the same kind, and somebody else's
  Duration webhook_tolerance{};      // how old, or from how far ahead, a signature may be; zero: it carries no time
  std::function<std::shared_ptr<payments::Processor>(std::shared_ptr<http::Client>, Clock&)> make;
  std::string path_prefix;                                 // of everything it is asked, for the sandbox's faults
  std::function<bool(const http::Outbound&)> moves_money;  // whether this may change something there
  std::function<std::string(std::int64_t)> amount_text = [](std::int64_t minor) { return std::to_string(minor); };  // as its replies write USD
  std::string action_result{};  // the parameter with which the buyer comes back, where look_up() wants to see it
};

class World;

struct Description {
  std::string name;
  std::string approved;  // a payment method that always works
  std::vector<Decline> declines{};
  std::string wants_buyer{};       // a payment method whose buyer has to act; empty: there is none
  bool finds_parts = true;         // look_up() finds captures, refunds, releases and reversals
  std::optional<OverHttp> http{};  // nothing: it is asked within this process
  std::function<std::unique_ptr<World>(const Description&)> make;
};

Description adyen();
Description paypal();
Description stripe();
Description wallet();
const std::vector<Description>& descriptions();

// ---- what is asked of it ----

// What the other side's own books say of one payment, in its minor units. A sale is authorised and captured in one.
struct Books {
  int charges = 0;
  std::int64_t authorized = 0, captured = 0, let_go = 0, refunded = 0;
  std::int64_t held() const { return authorized - captured - let_go; }
  std::int64_t kept() const { return captured - refunded; }
  bool operator==(const Books&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Books& books);

// A payment at the processor, as a shop's books would have it.
struct Payment {
  std::string id, order_id, user_id;
  int asked = 0;
  std::string processor_ref{};
  std::int64_t captured = 0;
};

// Sleepers do not wait: time jumps to where they wanted to wake.
class JumpingClock final : public Clock {
 public:
  Instant now() const override { return {now_ms_}; }
  Task<void> sleep(Duration length) override {
    pass(length);
    co_return;
  }
  void pass(Duration length) { now_ms_ += length.ms; }

 private:
  std::atomic<std::int64_t> now_ms_ = 1'790'000'000'000;
};

enum class OtherMoney : std::uint8_t { less, more, currency };

class World {
 public:
  explicit World(const Description& description) : is(description) {}
  virtual ~World() = default;

  const Description& is;
  JumpingClock clock;
  const Capabilities& can() const { return processor_->capabilities(); }

  virtual Payment begin();
  // The next thing to be asked of the payment, under a reference of its own.
  Instruction ask(Payment& payment, AttemptKind kind, std::int64_t amount = 1000) const;

  template <class T>
  T run(Task<T> task) {
    return store::run_until_done(io_, std::move(task));
  }
  // The adapter, bare. What it throws fails the test.
  virtual Outcome process(Instruction instruction) { return outcome_of(processor_->process(std::move(instruction))); }
  Outcome look_up(Instruction instruction) { return outcome_of(processor_->look_up(std::move(instruction))); }
  std::pair<Outcome, Outcome> process_twice_at_once(Instruction instruction);
  Result<Notice> parse(const http::Request& webhook) { return processor_->parse_webhook(webhook, clock.now()); }

  // What becomes of an ask that ended so: the janitor's looks (Orchestrator::find_out) and the processor's webhooks, in the order in which
  // time brings them, for ten days.
  Outcome settle(Instruction instruction, Outcome outcome);
  Outcome settled(Instruction instruction);
  // Settled, with success, and noted in the payment.
  Outcome must(Payment& payment, AttemptKind kind, std::int64_t amount = 1000, bool final = true);
  // Asks what the kind needs to have been done before, so that it can be asked of the payment.
  Instruction prepare(Payment& payment, AttemptKind kind, std::int64_t amount = 1000);

  virtual Books books(const Payment& payment) = 0;
  // What the processor has sent since it was last asked for it, as it would arrive.
  virtual std::vector<http::Request> webhooks() { return {}; }
  // The next answer to something that moves money is lost after the effect.
  virtual void lose_next_answer() = 0;
  // What can go wrong on the other side, by name, and making it so for the next `count` asks. "": nothing any more.
  virtual std::vector<std::string> faults() const = 0;
  virtual void strike(const std::string& fault, int count = 1) = 0;
  // Until mend(): answers speak of one minor unit less than `amount`, of one more, or of another currency.
  virtual void speak_of(OtherMoney other, std::int64_t amount) = 0;
  // Whether something that may move money has left since mend(): then nobody may say that nothing did.
  virtual bool may_have_moved_money() const { return true; }
  virtual void mend() {}

 protected:
  // To be called once, by whoever made the adapter.
  void adopt(std::shared_ptr<payments::Processor> processor, store::Store& store);
  Outcome outcome_of(Task<Outcome> task);
  store::ScratchFolder folder_;
  boost::asio::io_context io_;

 private:
  std::optional<Outcome> told_by_webhook(const Instruction& instruction);

  std::shared_ptr<payments::Processor> processor_;
  events::Outbox outbox_{clock, system_random()};
  payments::PaymentBook book_{outbox_, clock, system_random()};
  payments::ConfigBook configs_;
  std::unique_ptr<payments::Processors> processors_;
  std::unique_ptr<payments::Orchestrator> orchestrator_;
  std::vector<Notice> told_;
  int payments_ = 0;
};

// A processor over HTTP: the sandbox behind a wire that can be cut.
class HttpWorld final : public World {
 public:
  explicit HttpWorld(const Description& description);
  ~HttpWorld() override;

  Books books(const Payment& payment) override;
  std::vector<http::Request> webhooks() override;
  void lose_next_answer() override;
  std::vector<std::string> faults() const override;  // the sandbox's own lies: sandbox/README.md
  void strike(const std::string& fault, int count = 1) override;
  void speak_of(OtherMoney other, std::int64_t amount) override;
  bool may_have_moved_money() const override { return wire_->money_left() > 0; }
  void mend() override { wire_->mend(); }

  Wire& wire() { return *wire_; }
  // Asks an adapter that knows nothing yet, over any wire.
  Outcome ask_afresh(std::shared_ptr<http::Client> client, Instruction instruction, bool looks = false);
  // The same over the real one, and all that went over it.
  struct Recording {
    Instruction instruction;
    Outcome outcome;
    std::vector<Exchange> exchanges;
    bool looks = false;
  };
  Recording record(Instruction instruction, bool looks = false);
  // What the adapter makes of the recording, with one exchange bent.
  Outcome replay(const Recording& recording, std::size_t bent, Replay::Bend bend);
  // All that webhooks() ever gave.
  const std::vector<http::Request>& arrived() const { return arrived_; }
  // The webhook of what was announced last, or of another object in its place, signed so.
  http::Request signed_by(const std::string& secret, Instant at, const std::optional<std::string>& object = std::nullopt);
  // The buyer's answer on the page he was sent to; what he brings back.
  std::string visit(const std::string& action_url, bool approves);

 private:
  std::shared_ptr<payments::Processor> adapter(std::shared_ptr<http::Client> client) { return is.http->make(std::move(client), clock); }
  http::Response control(std::string method, std::string path, std::string body = {});

  std::shared_ptr<store::SqliteStore> store_;
  std::shared_ptr<sandbox::Sandbox> sandbox_;
  std::shared_ptr<Wire> wire_;
  std::string last_event_ = "evt_";
  std::vector<http::Request> arrived_;
};

std::string told(const Outcome& outcome);  // "declined declined/insufficient_funds retryable", "in_doubt answered"

// ---- the rows ----

struct Row {
  std::string name;   // of the test
  std::string words;  // of the table
  std::function<bool(World&)> offered = [](World&) { return true; };
  std::function<void(World&, bool offered)> check;  // not offered: it must fail cleanly
  bool on_the_wire = false;                         // not for who has none
};
std::vector<Row> operation_rows();
std::vector<Row> doubt_rows();
std::vector<Row> answer_rows();
std::vector<Row> webhook_rows();

}  // namespace purser::conformance
