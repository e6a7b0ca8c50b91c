// Webhooks: what a processor signs is read, once and in any order; what anybody else sends is not.
#include <set>

#include "tests/processors/conformance.hpp"

namespace purser::conformance {
namespace {

using enum AttemptKind;

std::string meaning(const Result<Notice>& notice) {
  if (!notice.ok()) return "refused";
  return notice->event_id + " " + notice->reference + " " + notice->processor_ref + " " + std::to_string(static_cast<int>(notice->about)) + " " +
         (notice->amount ? to_text(*notice->amount) : "") + " " + std::to_string(static_cast<int>(notice->outcome.end)) + " " +
         notice->outcome.processor_ref;
}

// A story with everything that is told by webhook; gives what sold.
Instruction tell_all(HttpWorld& world) {
  Payment whole = world.begin();
  for (const AttemptKind kind : {authorize, capture, refund}) world.must(whole, kind);
  Payment gone = world.begin();
  for (const AttemptKind kind : {authorize, release}) world.must(gone, kind);
  Payment sold = world.begin();
  const Instruction instruction = world.ask(sold, sale, 1000);
  EXPECT_EQ(world.process(instruction).end, End::succeeded);
  world.clock.pass(seconds(10));
  world.webhooks();
  return instruction;
}

void reads_what_is_signed(World& any, bool offered) {
  if (!offered) {
    for (const std::string& body : {std::string(), std::string("{}"), std::string(R"({"id":"evt_1","type":"payment.succeeded"})")})
      EXPECT_FALSE(any.parse({.method = "POST", .target = "/webhooks/it", .body = body}).ok());
    return;
  }
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  const Instruction sold = tell_all(world);
  ASSERT_GE(world.arrived().size(), 6U);
  std::set<std::string> events;
  int told_of_sale = 0;
  for (const http::Request& webhook : world.arrived()) {
    const auto notice = world.parse(webhook);
    ASSERT_TRUE(notice.ok()) << notice.error().detail;
    EXPECT_FALSE(notice->event_id.empty() || notice->type.empty());
    EXPECT_TRUE(events.insert(notice->event_id).second) << "two events under one id: the second would be taken for a duplicate";
    EXPECT_EQ(meaning(world.parse(webhook)), meaning(notice)) << "sent again";
    if (notice->about != Notice::About::money || notice->reference != sold.reference || notice->outcome.end == End::in_doubt) continue;
    // In whatever order they come, the first that decides says the same.
    ++told_of_sale;
    EXPECT_EQ(told(notice->outcome), "succeeded");
    EXPECT_EQ(notice->amount, (Money{sold.amount, sold.currency}));
  }
  EXPECT_GE(told_of_sale, 1);
}

// ---- the others

void expect_refused(World& world, const http::Request& webhook, const std::string& why) {
  const auto notice = world.parse(webhook);
  EXPECT_FALSE(notice.ok()) << why << ": " << meaning(notice);
  if (!notice.ok()) EXPECT_EQ(notice.error().kind, Kind::malformed) << why;
}

void refuses_the_rest(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  tell_all(world);
  const OverHttp& http = *world.is.http;
  const std::string& secret = http.settings.webhook_secret;
  const Instant now = world.clock.now();
  EXPECT_TRUE(world.parse(world.signed_by(secret, now)).ok());
  expect_refused(world, world.signed_by(http.other_secret, now), "signed by somebody else");
  expect_refused(world, world.signed_by("", now), "signed with nothing");
  http::Request bare = world.signed_by(secret, now);
  if (http.webhook_tolerance.ms > 0) {
    bare.headers = {};
    expect_refused(world, bare, "without its signature");
    EXPECT_TRUE(world.parse(world.signed_by(secret, now - http.webhook_tolerance + minutes(1))).ok());
    expect_refused(world, world.signed_by(secret, now - http.webhook_tolerance - minutes(1)), "too old");
    expect_refused(world, world.signed_by(secret, now + http.webhook_tolerance + minutes(1)), "from the future");
    expect_refused(world, world.signed_by(secret, Instant{}), "from 1970");
  }
}

// Each byte of the body, altered: it is refused, or was not worth anything.
void refuses_what_was_altered(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  tell_all(world);
  const http::Request genuine = world.arrived().back();
  const std::string before = meaning(world.parse(genuine));
  constexpr std::array bits{'\x01', '\x20', '\x80'};
  for (std::size_t i = 0; i < genuine.body.size(); ++i) {
    http::Request altered = genuine;
    altered.body[i] = static_cast<char>(altered.body[i] ^ bits[i % bits.size()]);
    const std::string after = meaning(world.parse(altered));
    EXPECT_TRUE(after == "refused" || after == before) << "byte " << i << ": " << after;
  }
  for (std::size_t i = 0; i < genuine.body.size(); ++i) {
    http::Request cut = genuine;
    cut.body.resize(i);
    expect_refused(world, cut, "cut after " + std::to_string(i));
  }
}

std::string noise(std::size_t length) {
  std::string text(length, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

void refuses_garbage(World& any, bool) {
  HttpWorld& world = dynamic_cast<HttpWorld&>(any);
  tell_all(world);
  const http::Request genuine = world.arrived().back();
  const std::vector<std::string> garbage = {"",
                                            "{}",
                                            "[]",
                                            "null",
                                            "7",
                                            "\"text\"",
                                            R"({"notificationItems":7})",
                                            R"({"notificationItems":[{}]})",
                                            "<xml/>",
                                            noise(17),
                                            noise(10'000),
                                            std::string(100'000, '['),
                                            std::string(10 << 20, ' ')};
  for (const std::string& body : garbage) {
    http::Request request = genuine;
    request.body = body;
    expect_refused(world, request, "a body of " + std::to_string(body.size()));
    request.headers = {};
    expect_refused(world, request, "no headers, and a body of " + std::to_string(body.size()));
  }
  for (const http::Header& header : genuine.headers) {
    for (const std::string& value : {std::string(), std::string("t=,v1="), std::string("="), noise(50), std::string(100'000, 'A')}) {
      http::Request request = genuine;
      request.headers.set(header.name, value);
      const std::string after = meaning(world.parse(request));
      EXPECT_TRUE(after == "refused" || after == meaning(world.parse(genuine))) << header.name;
    }
  }
  // Signed well, and still nothing: it is refused, or no news of money.
  for (const std::string object : {"{}", "[]", "7", "null", R"({"object":"payment_intent","status":7})", R"({"object":"refund","amount":"x"})"}) {
    const auto notice = world.parse(world.signed_by(world.is.http->settings.webhook_secret, world.clock.now(), object));
    EXPECT_TRUE(!notice.ok() || notice->outcome.end == End::in_doubt) << object << ": " << meaning(notice);
  }
}

bool has_webhooks(World& world) { return world.can().webhooks; }

// What is asked only of those that have webhooks.
std::function<void(World&, bool)> where_offered(void (*check)(World&, bool)) {
  return [check](World& world, bool offered) {
    if (offered) check(world, offered);
  };
}

}  // namespace

std::vector<Row> webhook_rows() {
  return {
      {.name = "ReadsWhatIsSigned", .words = "webhooks, twice and in any order", .offered = has_webhooks, .check = reads_what_is_signed},
      {.name = "RefusesTheRest",
       .words = "webhooks forged, too old, from the future are refused",
       .offered = has_webhooks,
       .check = where_offered(refuses_the_rest)},
      {.name = "RefusesWhatWasAltered",
       .words = "webhooks altered in any byte are refused",
       .offered = has_webhooks,
       .check = where_offered(refuses_what_was_altered)},
      {.name = "RefusesGarbage", .words = "webhooks that are garbage are refused", .offered = has_webhooks, .check = where_offered(refuses_garbage)},
  };
}

}  // namespace purser::conformance
