// Stripe's API from request to response: who asks, what for, under which key, and which lie is told about it.
#include <array>
#include <exception>

#include "platform/log.hpp"
#include "sandbox/idempotency.hpp"
#include "sandbox/operations.hpp"
#include "sandbox/processor.hpp"
#include "sandbox/stripe_json.hpp"

namespace purser::sandbox {
namespace {

struct View {
  store::Tx& tx;
  const Form& form;
  Instant visible_until;
};

using Check = std::optional<StripeError> (*)(const Form&);
using Id = std::string_view;  // the "*" of the pattern, or empty
using Change = Answer (*)(Call&, Id);
using Look = Answer (*)(const View&, Id);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "*" is one segment, the id
  Check check;
  Change change;
  Look look;
};

std::optional<StripeError> check_nothing(const Form&) { return std::nullopt; }

constexpr Route changing(std::string_view pattern, Check check, Change change) { return {"POST", pattern, check, change, nullptr}; }
constexpr Route looking(std::string_view pattern, Look look) { return {"GET", pattern, nullptr, nullptr, look}; }

// Top-down: "search" stands above the id it would be taken for.
constexpr std::array routes = {
    // clang-format off
    changing("/v1/payment_intents",           check_create,  [](Call& call, Id) { return create_payment_intent(call); }),
    changing("/v1/payment_intents/*/confirm", check_confirm, confirm_payment_intent),
    changing("/v1/payment_intents/*/capture", check_capture, capture_payment_intent),
    changing("/v1/payment_intents/*/cancel",  check_cancel,  cancel_payment_intent),
    changing("/v1/payment_intents/*",         check_update,  update_payment_intent),
    changing("/v1/refunds",                   check_refund,  [](Call& call, Id) { return create_refund(call); }),
    changing("/v1/refunds/*",                 check_nothing, update_refund),
    looking("/v1/payment_intents/search", [](const View& view, Id) { return search_payment_intents(view.tx, view.form, view.visible_until); }),
    looking("/v1/payment_intents/*",      [](const View& view, Id id) { return retrieve_payment_intent(view.tx, view.form, id); }),
    looking("/v1/payment_intents",        [](const View& view, Id) { return list_payment_intents(view.tx, view.form); }),
    looking("/v1/charges/*",              [](const View& view, Id id) { return retrieve_charge(view.tx, id); }),
    looking("/v1/charges",                [](const View& view, Id) { return list_charges_of(view.tx, view.form); }),
    looking("/v1/refunds/*",              [](const View& view, Id id) { return retrieve_refund(view.tx, id); }),
    looking("/v1/refunds",                [](const View& view, Id) { return list_refunds_of(view.tx, view.form); }),
    looking("/v1/events/*",               [](const View& view, Id id) { return retrieve_event(view.tx, id); }),
    looking("/v1/events",                 [](const View& view, Id) { return list_events(view.tx, view.form); }),
    looking("/v1/balance",                [](const View& view, Id) { return show_balance(view.tx); }),
    // clang-format on
};

// The id in the path ("" where the pattern has none), or nothing where the path does not fit.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind)) return std::nullopt;
  const std::string_view id = path.substr(star, path.size() - before.size() - behind.size());
  return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}

std::string base64_decoded(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned buffer = 0, bits = 0;
  for (const char c : text) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) break;
    buffer = (buffer << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>((buffer >> bits) & 255U);
  }
  return out;
}

// Bearer, or Basic with the key as user.
std::string key_of(const http::Request& request) {
  const std::string_view header = request.headers.find("authorization").value_or("");
  if (header.starts_with("Bearer ")) return std::string(header.substr(7));
  if (!header.starts_with("Basic ")) return {};
  const std::string decoded = base64_decoded(header.substr(6));
  return decoded.substr(0, decoded.find(':'));
}

constexpr Duration slow_by_default = seconds(5);
constexpr std::size_t metadata_keys_max = 50, metadata_key_max = 40, metadata_value_max = 500;

std::optional<StripeError> check_metadata(const Form& form) {
  const Pairs metadata = form.group("metadata");
  if (metadata.size() > metadata_keys_max) return bad_parameter("metadata", "", "metadata may have at most 50 keys.");
  for (const auto& [key, value] : metadata) {
    if (key.size() > metadata_key_max) return bad_parameter("metadata", "", "A key of metadata may have at most 40 characters.");
    if (value.size() > metadata_value_max) return bad_parameter("metadata[" + key + "]", "", "A value of metadata may have at most 500 characters.");
  }
  return std::nullopt;
}

StripeError server_error() { return {.status = 500, .type = "api_error", .message = "The sandbox was asked to fail here.", .executed = true}; }

StripeError too_busy(FaultKind kind) {
  if (kind == FaultKind::lock_timeout)
    return {.status = 429, .code = "lock_timeout", .message = "Another request holds this object; try again in a little while."};
  return {.status = 429, .code = "rate_limit", .message = "Too many requests came too quickly."};
}

StripeError in_use(std::string_view key) {
  return {.status = 409, .code = "idempotency_key_in_use", .message = "A request under this idempotency key is still running: " + std::string(key)};
}

StripeError other_parameters(std::string_view key) {
  return {.type = "idempotency_error",
          .message = "The idempotency key " + std::string(key) + " was first used for another endpoint or with other parameters."};
}

bool strikes_before(FaultKind kind) {
  return kind == FaultKind::timeout_before_charge || kind == FaultKind::rate_limited || kind == FaultKind::lock_timeout;
}

}  // namespace

struct Processor::Received {
  const Route* route = nullptr;
  std::string path{}, id{};
  Form form{};
  std::string request_id{}, key{}, fingerprint{}, version{}, base_url{};
  Options options{};
  WebhookTarget target{};
  std::optional<Fault> fault{};
  bool fault_is_own = false;  // it came with the request, and strikes the first request of its key only
};

struct Processor::Outcome {
  Answer answer{};
  bool replayed = false;
  bool wakes = false;
  std::optional<Fault> fault{};  // the one that really struck
};

Task<http::Response> Processor::answer(std::shared_ptr<Processor> self, http::Request request) {
  http::Target target = http::parse_target(request.target);
  if (!target.valid) co_return json_response(400, error_json(bad_parameter("", "", "The target cannot be decoded.")));
  if (target.path == "/" || target.path.starts_with("/_sandbox")) co_return co_await self->answer_control(std::move(request), std::move(target));
  co_return co_await self->answer_api(std::move(request), std::move(target));
}

Task<http::Response> Processor::answer_api(http::Request request, http::Target target) {
  Received received{.path = target.path,
                    .request_id = new_request_id(),
                    .key = std::string(request.headers.find("idempotency-key").value_or("")),
                    .version = std::string(request.headers.find("stripe-version").value_or(default_api_version)),
                    .base_url = base_url(request),
                    .options = options(),
                    .target = this->target()};
  const auto refused = [&](const StripeError& error) { return deliver_answer(received, {.answer = refuse(error)}); };
  if (!knows_key(request))
    co_return co_await refused(
        {.status = 401, .message = "A secret test key (sk_test_…) is needed, as a bearer token or as the user of basic authentication."});

  for (const Route& route : routes) {
    if (route.method != request.method) continue;
    const auto id = match(route.pattern, received.path);
    if (!id) continue;
    received.route = &route, received.id = *id;
    break;
  }
  if (received.route == nullptr)
    co_return co_await refused({.status = 404, .message = "There is no " + request.method + " " + target.path + " in the sandbox."});

  const bool changes = received.route->change != nullptr;
  auto fields = changes ? http::parse_form(request.body) : std::optional(target.query);
  if (!fields) co_return co_await refused(bad_parameter("", "", "The body is not a form (application/x-www-form-urlencoded)."));
  received.form = Form(*std::move(fields));
  if (changes) {
    if (received.key.size() > key_length_max)
      co_return co_await refused(bad_parameter("", "", "An idempotency key may have at most 255 characters."));
    if (const auto error = received.route->check(received.form)) co_return co_await refused(*error);
    if (const auto error = check_metadata(received.form)) co_return co_await refused(*error);
    if (!received.key.empty()) received.fingerprint = fingerprint_of(request.method, received.path, received.form);
    auto own = fault_in(received.form);
    if (!own) co_return co_await refused(bad_parameter("metadata[sandbox_fault]", "", own.error().detail));
    received.fault = *std::move(own);
    received.fault_is_own = received.fault.has_value();
  }
  if (!received.fault) received.fault = faults_.strike(request.method, received.path, received.form, random_);

  Outcome outcome = changes ? co_await execute(received) : co_await look(received);
  if (outcome.wakes) wake();
  co_return co_await deliver_answer(received, std::move(outcome));
}

bool Processor::knows_key(const http::Request& request) const {
  const std::string key = key_of(request), wanted = options().secret_key;
  return wanted.empty() ? key.starts_with("sk_test_") : key == wanted;
}

bool Processor::claim(const std::string& key) {
  const std::scoped_lock lock(guard_);
  return running_.insert(key).second;
}

void Processor::release(const std::string& key) {
  const std::scoped_lock lock(guard_);
  running_.erase(key);
}

// The key is claimed from here to the commit, so that a second request under it meets 409 and not a second execution.
Task<Processor::Outcome> Processor::execute(const Received& received) {
  if (!received.fault_is_own && received.fault && strikes_before(received.fault->kind))
    co_return Outcome{.answer = refuse(too_busy(received.fault->kind)), .fault = received.fault};
  if (!received.key.empty() && !claim(received.key)) co_return Outcome{.answer = refuse(in_use(received.key))};
  struct Claim {
    Processor& processor;
    const std::string& key;
    ~Claim() {
      if (!key.empty()) processor.release(key);
    }
  } const claimed{*this, received.key};

  Duration delay = received.options.delay;
  if (received.fault && received.fault->kind == FaultKind::slow) {
    auto seen = co_await store_.read([&](store::Tx& tx) -> Result<bool> { return find_key(tx, received.key, clock_.now()).has_value(); });
    const bool strikes = !received.fault_is_own || received.key.empty() || !seen || !*seen;
    if (strikes) delay.ms += received.fault->delay.value_or(slow_by_default).ms;
  }
  if (delay.ms > 0) co_await clock_.sleep(delay);

  auto outcome = co_await store_.transact([&](store::Tx& tx) -> Result<Outcome> { return execute_in(tx, received); });
  if (outcome) co_return *std::move(outcome);
  log::warn("sandbox: the store refused", {{"path", received.path}, {"problem", outcome.error().detail}});
  co_return Outcome{.answer = refuse({.status = 503, .type = "api_error", .message = "The sandbox could not store this; nothing was done."})};
}

Processor::Outcome Processor::execute_in(store::Tx& tx, const Received& received) {
  Call call{.tx = tx,
            .form = received.form,
            .now = clock_.now(),
            .random = random_,
            .request_id = received.request_id,
            .idempotency_key = received.key,
            .base_url = received.base_url,
            .fault = received.fault,
            .settles_after = received.options.settles_after};
  const bool keyed = !received.key.empty();
  if (const auto known = keyed ? find_key(tx, received.key, call.now) : std::nullopt) {
    if (known->fingerprint != received.fingerprint) return {.answer = refuse(other_parameters(received.key))};
    if (received.fault_is_own) call.fault.reset();
    if (known->status != 0) return {.answer = {.status = known->status, .body = known->body}, .replayed = true, .fault = call.fault};
  }
  if (call.fault && strikes_before(call.fault->kind)) {
    if (keyed) keep_key(tx, received.key, {received.fingerprint, 0, ""}, call.now);
    return {.answer = refuse(too_busy(call.fault->kind)), .fault = call.fault};
  }

  Outcome outcome{.fault = call.fault};
  outcome.answer = call.struck_by(FaultKind::error_500_before) ? refuse(server_error()) : received.route->change(call, received.id);
  if (call.struck_by(FaultKind::error_500_after_charge)) outcome.answer = refuse(server_error());
  outcome.wakes = record_events(call, received.target).has_value() || call.wakes_at.has_value();
  if (keyed && outcome.answer.executed) keep_key(tx, received.key, {received.fingerprint, outcome.answer.status, outcome.answer.body}, call.now);
  return outcome;
}

Task<Processor::Outcome> Processor::look(const Received& received) {
  const auto& fault = received.fault;
  if (fault && strikes_before(fault->kind)) co_return Outcome{.answer = refuse(too_busy(fault->kind)), .fault = fault};
  if (fault && (fault->kind == FaultKind::error_500_before || fault->kind == FaultKind::error_500_after_charge))
    co_return Outcome{.answer = refuse(server_error())};
  Duration delay = received.options.delay;
  if (fault && fault->kind == FaultKind::slow) delay.ms += fault->delay.value_or(slow_by_default).ms;
  if (delay.ms > 0) co_await clock_.sleep(delay);

  const Instant visible_until = clock_.now() - received.options.visibility_lag;
  auto answer = co_await store_.read(
      [&](store::Tx& tx) -> Result<Answer> { return received.route->look(View{tx, received.form, visible_until}, received.id); });
  if (answer) co_return Outcome{.answer = *std::move(answer), .fault = fault};
  co_return Outcome{.answer = refuse({.status = 503, .type = "api_error", .message = "The sandbox could not read its store."})};
}

// Writes the response, and tells the lies that are about the answer only.
Task<http::Response> Processor::deliver_answer(const Received& received, Outcome outcome) {
  http::Response response = json_response(outcome.answer.status, std::move(outcome.answer.body));
  response.headers.set("request-id", received.request_id);
  response.headers.set("stripe-version", received.version);
  if (!received.key.empty()) response.headers.set("idempotency-key", received.key);
  if (outcome.replayed) response.headers.set("idempotent-replayed", "true");
  const bool locked = outcome.fault && outcome.fault->kind == FaultKind::lock_timeout;
  if (response.status == 409 || response.status == 503 || locked) response.headers.set("stripe-should-retry", "true");
  if (!outcome.fault) co_return response;

  const FaultKind kind = outcome.fault->kind;
  const bool waits = kind == FaultKind::timeout_before_charge || kind == FaultKind::timeout_after_charge;
  if (waits) co_await clock_.sleep(outcome.fault->delay.value_or(received.options.timeout));
  if (waits || kind == FaultKind::drop_response) response.headers.set(cut_header, "0");
  if (kind == FaultKind::cut_response) response.headers.set(cut_header, std::to_string(outcome.fault->bytes));
  co_return response;
}

}  // namespace purser::sandbox
