// From request to response, for every face alike: who asks, what for, under which key, and which lie is told about it.
#include <exception>

#include "platform/log.hpp"
#include "sandbox/idempotency.hpp"
#include "sandbox/json_text.hpp"
#include "sandbox/processor.hpp"

namespace purser::sandbox {
namespace {

// The id in the path ("" where the pattern has none), or nothing where the path does not fit.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return path == pattern ? std::optional(std::string_view()) : std::nullopt;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind)) return std::nullopt;
  const std::string_view id = path.substr(star, path.size() - before.size() - behind.size());
  return id.find('/') == std::string_view::npos ? std::optional(id) : std::nullopt;
}

constexpr Duration slow_by_default = seconds(5);

Refusal too_busy(FaultKind kind) { return kind == FaultKind::lock_timeout ? Refusal::locked : Refusal::rate_limited; }

bool strikes_before(FaultKind kind) {
  return kind == FaultKind::timeout_before_charge || kind == FaultKind::rate_limited || kind == FaultKind::lock_timeout;
}

}  // namespace

struct Processor::Received {
  const Face& face;
  const Route* route = nullptr;
  std::string path{}, id{};
  http::Headers headers{};
  Form form{};
  std::string request_id{}, key{}, fingerprint{}, base_url{};
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
  if (!target.valid) co_return json_response(400, R"({"error":{"message":"The target cannot be decoded.","type":"invalid_request_error"}})");
  if (target.path == "/" || target.path.starts_with("/_sandbox")) co_return co_await self->answer_control(std::move(request), std::move(target));
  co_return co_await self->answer_api(std::move(request), std::move(target));
}

Task<http::Response> Processor::answer_api(http::Request request, http::Target target) {
  const Face& face = face_for(target.path);
  Received received{.face = face,
                    .path = target.path,
                    .headers = request.headers,
                    .request_id = new_request_id(),
                    .key = std::string(request.headers.find(face.key_header()).value_or("")),
                    .base_url = base_url(request),
                    .options = options(),
                    .target = this->target(face)};
  const auto refused = [&](Answer answer) { return deliver_answer(received, {.answer = std::move(answer)}); };
  if (!face.admits(request, settings_of(received.options, face.name()).secret_key) || face.has_run_out(request, clock_.now()))
    co_return co_await refused(face.refuse(Refusal::wants_secret_key));

  for (const Route& route : face.routes()) {
    if (route.method != request.method) continue;
    const auto id = match(route.pattern, received.path);
    if (!id) continue;
    received.route = &route, received.id = *id;
    break;
  }
  if (received.route == nullptr) co_return co_await refused(face.refuse(Refusal::no_such_operation, request.method + " " + target.path));

  const bool changes = received.route->change != nullptr;
  auto form = changes ? face.read_body(request) : std::optional(Form(std::move(target.query)));
  if (!form) co_return co_await refused(face.refuse(Refusal::body_unreadable));
  received.form = *std::move(form);
  if (changes) {
    if (received.key.size() > face.key_length_max()) co_return co_await refused(face.refuse(Refusal::key_too_long));
    if (received.route->check != nullptr)
      if (auto answer = received.route->check(received.form)) co_return co_await refused(*std::move(answer));
    if (auto answer = face.check(received.form)) co_return co_await refused(*std::move(answer));
    if (!received.key.empty()) received.fingerprint = fingerprint_of(request.method, received.path, received.form);
    auto own = fault_in(received.form);
    if (!own) co_return co_await refused(face.refuse(Refusal::fault_unknown, own.error().detail));
    received.fault = *std::move(own);
    received.fault_is_own = received.fault.has_value();
  }
  if (!received.fault) received.fault = faults_.strike(request.method, received.path, face.reference_in(received.form), random_);

  Outcome outcome = changes ? co_await execute(received) : co_await look(received);
  if (outcome.wakes) wake();
  co_return co_await deliver_answer(received, std::move(outcome));
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
    co_return Outcome{.answer = received.face.refuse(too_busy(received.fault->kind)), .fault = received.fault};
  const std::string claimed_key = received.key.empty() ? "" : std::string(received.face.name()) + " " + received.key;
  if (!claimed_key.empty() && !claim(claimed_key)) co_return Outcome{.answer = received.face.refuse(Refusal::key_in_use, received.key)};
  struct Claim {
    Processor& processor;
    const std::string& key;
    ~Claim() {
      if (!key.empty()) processor.release(key);
    }
  } const claimed{*this, claimed_key};

  Duration delay = received.options.delay;
  if (received.fault && received.fault->kind == FaultKind::slow) {
    auto seen = co_await store_.read([&](store::Tx& tx) -> Result<bool> { return kept_under_key(tx, received, clock_.now()).has_value(); });
    const bool strikes = !received.fault_is_own || received.key.empty() || !seen || !*seen;
    if (strikes) delay.ms += received.fault->delay.value_or(slow_by_default).ms;
  }
  if (delay.ms > 0) co_await clock_.sleep(delay);

  auto outcome = co_await store_.transact([&](store::Tx& tx) -> Result<Outcome> { return execute_in(tx, received); });
  if (outcome) co_return *std::move(outcome);
  log::warn("sandbox: the store refused", {{"path", received.path}, {"problem", outcome.error().detail}});
  co_return Outcome{.answer = received.face.refuse(Refusal::store_failed)};
}

std::optional<KeyRecord> Processor::kept_under_key(store::Tx& tx, const Received& received, Instant now) {
  return find_key(tx, {received.face.name(), received.key}, now - received.face.key_lifetime());
}

Processor::Outcome Processor::execute_in(store::Tx& tx, const Received& received) {
  Call call{.tx = tx,
            .form = received.form,
            .now = clock_.now(),
            .random = random_,
            .processor = received.face.name(),
            .request_id = received.request_id,
            .idempotency_key = received.key,
            .base_url = received.base_url,
            .fault = received.fault,
            .settles_after = received.options.settles_after};
  const bool keyed = !received.key.empty();
  const KeyScope scope{received.face.name(), received.key};
  if (const auto known = keyed ? kept_under_key(tx, received, call.now) : std::nullopt) {
    if (known->fingerprint != received.fingerprint) return {.answer = received.face.refuse(Refusal::key_used_otherwise, received.key)};
    if (received.fault_is_own) call.fault.reset();
    if (known->status != 0) return {.answer = {.status = known->status, .body = known->body}, .replayed = true, .fault = call.fault};
  }
  if (call.fault && strikes_before(call.fault->kind)) {
    if (keyed) keep_key(tx, scope, {received.fingerprint, 0, ""}, call.now);
    return {.answer = received.face.refuse(too_busy(call.fault->kind)), .fault = call.fault};
  }

  Outcome outcome{.fault = call.fault};
  const bool fails_before = call.struck_by(FaultKind::error_500_before);
  outcome.answer = fails_before ? received.face.refuse(Refusal::failed_on_request) : received.route->change(call, received.id);
  Answer kept = outcome.answer;
  if (call.struck_by(FaultKind::error_500_after_charge)) outcome.answer = received.face.refuse(Refusal::failed_on_request);
  outcome.wakes = record_events(call, received.target).has_value() || call.wakes_at.has_value();
  if (received.face.keeps_failures())
    kept = outcome.answer;
  else if (fails_before)
    kept = {.status = 0};
  if (keyed && kept.executed) keep_key(tx, scope, {received.fingerprint, kept.status, kept.body}, call.now);
  return outcome;
}

Task<Processor::Outcome> Processor::look(const Received& received) {
  const auto& fault = received.fault;
  if (fault && strikes_before(fault->kind)) co_return Outcome{.answer = received.face.refuse(too_busy(fault->kind)), .fault = fault};
  if (fault && (fault->kind == FaultKind::error_500_before || fault->kind == FaultKind::error_500_after_charge))
    co_return Outcome{.answer = received.face.refuse(Refusal::failed_on_request)};
  Duration delay = received.options.delay;
  if (fault && fault->kind == FaultKind::slow) delay.ms += fault->delay.value_or(slow_by_default).ms;
  if (delay.ms > 0) co_await clock_.sleep(delay);

  const Instant visible_until = clock_.now() - received.options.visibility_lag;
  auto answer = co_await store_.read(
      [&](store::Tx& tx) -> Result<Answer> { return received.route->look(View{tx, received.form, visible_until}, received.id); });
  if (answer) co_return Outcome{.answer = *std::move(answer), .fault = fault};
  co_return Outcome{.answer = received.face.refuse(Refusal::store_failed)};
}

// Writes the response, and tells the lies that are about the answer only.
Task<http::Response> Processor::deliver_answer(const Received& received, Outcome outcome) {
  http::Response response = json_response(outcome.answer.status, std::move(outcome.answer.body));
  received.face.write_headers(response, {.request_id = received.request_id,
                                         .idempotency_key = received.key,
                                         .asked = received.headers,
                                         .replayed = outcome.replayed,
                                         .fault = outcome.fault ? std::optional(outcome.fault->kind) : std::nullopt});
  if (!outcome.fault) co_return response;

  const FaultKind kind = outcome.fault->kind;
  const bool waits = kind == FaultKind::timeout_before_charge || kind == FaultKind::timeout_after_charge;
  if (waits) co_await clock_.sleep(outcome.fault->delay.value_or(received.options.timeout));
  if (waits || kind == FaultKind::drop_response) response.headers.set(cut_header, "0");
  if (kind == FaultKind::cut_response) response.headers.set(cut_header, std::to_string(outcome.fault->bytes));
  co_return response;
}

}  // namespace purser::sandbox
