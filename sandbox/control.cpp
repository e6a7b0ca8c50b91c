// What no processor has: the ledger, the faults, the settings and the pages, under / and /_sandbox. No key is asked for.
#include <simdjson.h>

#include "sandbox/json_text.hpp"
#include "sandbox/ledger.hpp"
#include "sandbox/pages.hpp"
#include "sandbox/processor.hpp"
#include "sandbox/stripe_error.hpp"

namespace purser::sandbox {
namespace {

constexpr std::int64_t ledger_rows_max = 100'000, page_rows = 50, deliveries_default = 1'000;
constexpr std::string_view authenticate_path = "/_sandbox/authenticate/";

http::Response html_response(int status, std::string body) {
  http::Response response{.status = status, .body = std::move(body)};
  response.headers.set("content-type", "text/html; charset=utf-8");
  response.headers.set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'");
  return response;
}

http::Response refusal(int status, std::string_view code, std::string_view message) {
  return json_response(status, error_json({.code = std::string(code), .message = std::string(message)}));
}

http::Response trouble(const Error& error) {
  const bool fault = error.is_fault();
  return refusal(fault ? 503 : 400, error.code, error.fields.empty() ? error.detail : error.fields.front().detail);
}

std::string ledger_row_json(const LedgerRow& row) {
  std::string out;
  JsonObject(out)
      .number("seq", row.seq)
      .text("time", rfc3339(row.at))
      .text("processor", row.processor)
      .text("kind", row.kind)
      .text("payment_intent", row.payment_intent)
      .text("object", row.object)
      .number("amount", row.amount)
      .text("currency", row.currency)
      .text_or_null("reference", row.reference)
      .text_or_null("order_id", row.order_id)
      .text_or_null("idempotency_key", row.idempotency_key)
      .close();
  return out;
}

std::string delivery_json(const DeliveryRow& row) {
  std::string out;
  JsonObject(out)
      .text("id", row.id)
      .text("processor", row.processor)
      .text("event", row.event)
      .text("type", row.type)
      .number("attempt", row.attempt)
      .text("state", row.state)
      .text("due", rfc3339(row.due))
      .text_or_null("sent", row.sent ? rfc3339(*row.sent) : "")
      .number("status", row.status)
      .text_or_null("problem", row.problem)
      .close();
  return out;
}

std::string types_json(const std::vector<std::string>& list) {
  std::string types;
  for (const std::string& type : list) {
    types += types.empty() ? "" : ",";
    append_json_string(types, type);
  }
  return "[" + types + "]";
}

std::string settings_json(const Options& options) {
  std::string others, out;
  JsonObject by_name(others);
  for (const Face* face : faces()) {
    if (face == &stripe_face()) continue;
    const FaceSettings settings = settings_of(options, face->name());
    std::string one;
    JsonObject(one).text_or_null("webhook_url", settings.webhook_url).raw("webhook_types", types_json(settings.webhook_types)).close();
    by_name.raw(face->name(), one);
  }
  by_name.close();
  JsonObject(out)
      .number("delay_ms", options.delay.ms)
      .number("timeout_ms", options.timeout.ms)
      .number("visibility_lag_ms", options.visibility_lag.ms)
      .number("settle_ms", options.settles_after.ms)
      .text_or_null("webhook_url", options.webhook_url)
      .raw("webhook_types", types_json(options.webhook_types))
      .raw("faces", others)
      .close();
  return out;
}

std::vector<std::string> texts_of(simdjson::dom::element value) {
  std::vector<std::string> texts;
  for (const simdjson::dom::element text : simdjson::dom::array(value)) texts.emplace_back(std::string_view(text));
  return texts;
}
std::string text_or_nothing(simdjson::dom::element value) { return value.is_null() ? std::string() : std::string(std::string_view(value)); }

// Each takes one field given in place of what was; false where there is no such setting; throws simdjson_error where it is of another type.
bool take_face_setting(FaceSettings& settings, std::string_view name, simdjson::dom::element value) {
  if (name == "webhook_url") return settings.webhook_url = text_or_nothing(value), true;
  if (name == "webhook_secret") return settings.webhook_secret = std::string_view(value), true;
  if (name == "webhook_types") return settings.webhook_types = texts_of(value), true;
  return false;
}

bool take_faces(Options& options, const simdjson::dom::object& by_name) {
  for (const auto& [name, fields] : by_name) {
    if (face_named(name) == nullptr || name == stripe_face().name()) return false;
    for (const auto& [field, value] : simdjson::dom::object(fields))
      if (!take_face_setting(options.faces[std::string(name)], field, value)) return false;
  }
  return true;
}

bool take_setting(Options& options, std::string_view name, simdjson::dom::element value) {
  if (name == "delay_ms") return options.delay = milliseconds(std::int64_t(value)), true;
  if (name == "timeout_ms") return options.timeout = milliseconds(std::int64_t(value)), true;
  if (name == "visibility_lag_ms") return options.visibility_lag = milliseconds(std::int64_t(value)), true;
  if (name == "settle_ms") return options.settles_after = milliseconds(std::int64_t(value)), true;
  if (name == "webhook_url") return options.webhook_url = text_or_nothing(value), true;
  if (name == "webhook_secret") return options.webhook_secret = std::string_view(value), true;
  if (name == "webhook_types") return options.webhook_types = texts_of(value), true;
  if (name == "faces") return take_faces(options, value);
  return false;
}

bool wants_json(const http::Request& request) {
  return request.headers.find("accept").value_or("").find("application/json") != std::string_view::npos;
}

}  // namespace

Task<http::Response> Processor::answer_control(http::Request request, http::Target target) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const std::string& path = target.path;
  if (path.starts_with(authenticate_path)) {
    std::string id = path.substr(authenticate_path.size());
    co_return co_await authenticate_page(std::move(request), std::move(id));
  }
  if (path == "/_sandbox/faults") co_return control_faults(request);
  if (path == "/_sandbox/settings") co_return control_settings(request);
  if (reads && (path == "/" || path == "/_sandbox")) co_return co_await show_page();
  if (reads && path == "/_sandbox/ledger") co_return co_await show_ledger(Form(std::move(target.query)));
  if (reads && path == "/_sandbox/summary") co_return co_await show_summary(Form(std::move(target.query)));
  if (reads && path == "/_sandbox/deliveries") co_return co_await show_deliveries(Form(std::move(target.query)));
  co_return refusal(404, "", "There is no " + request.method + " " + path + " in the sandbox.");
}

Task<http::Response> Processor::show_page() {
  auto html = co_await store_.read([&](store::Tx& tx) -> Result<std::string> {
    std::vector<FaceOverview> overviews;
    for (const Face* face : faces())
      overviews.push_back({std::string(face->name()), face->newest_payments(tx, page_rows), ledger_totals(tx, face->name())});
    return overview_page(overviews, newest_ledger_rows(tx, page_rows));
  });
  co_return html ? html_response(200, *std::move(html)) : trouble(html.error());
}

Task<http::Response> Processor::show_ledger(Form query) {
  LedgerFilter filter{.processor = query.text("processor"),
                      .payment_intent = query.text("payment_intent"),
                      .reference = query.text("reference"),
                      .order_id = query.text("order_id"),
                      .after_seq = query.integer("cursor").value_or(0)};
  const std::int64_t limit = std::clamp<std::int64_t>(query.integer("limit").value_or(ledger_rows_max), 1, ledger_rows_max);
  filter.rows_max = limit + 1;
  auto rows = co_await store_.read([&](store::Tx& tx) -> Result<std::vector<LedgerRow>> { return read_ledger(tx, filter); });
  if (!rows) co_return trouble(rows.error());

  const bool has_more = std::ssize(*rows) > limit;
  if (has_more) rows->pop_back();
  std::string body = "{\"object\":\"list\",\"data\":[";
  for (const LedgerRow& row : *rows) {
    if (body.back() != '[') body += ',';
    body += ledger_row_json(row);
  }
  body += "],\"has_more\":" + std::string(has_more ? "true" : "false") +
          ",\"next_cursor\":" + (has_more ? std::to_string(rows->back().seq) : std::string("null")) + "}";
  co_return json_response(200, std::move(body));
}

Task<http::Response> Processor::show_summary(Form query) {
  const std::string processor = query.text("processor");
  auto totals = co_await store_.read([&](store::Tx& tx) -> Result<std::vector<LedgerTotal>> { return ledger_totals(tx, processor); });
  if (!totals) co_return trouble(totals.error());
  std::string data;
  for (const LedgerTotal& total : *totals) {
    data += data.empty() ? "" : ",";
    JsonObject(data).text("kind", total.kind).text("currency", total.currency).number("count", total.count).number("amount", total.amount).close();
  }
  co_return json_response(200, "{\"object\":\"list\",\"data\":[" + data + "]}");
}

Task<http::Response> Processor::show_deliveries(Form query) {
  const std::string event = query.text("event"), processor = query.text("processor");
  const std::int64_t limit = std::clamp<std::int64_t>(query.integer("limit").value_or(deliveries_default), 1, ledger_rows_max);
  auto rows = co_await store_.read([&](store::Tx& tx) -> Result<std::vector<DeliveryRow>> { return list_deliveries(tx, event, processor, limit); });
  if (!rows) co_return trouble(rows.error());
  std::string data;
  for (const DeliveryRow& row : *rows) data += (data.empty() ? "" : ",") + delivery_json(row);
  co_return json_response(200, "{\"object\":\"list\",\"data\":[" + data + "]}");
}

// `outcome`: approve, decline, or empty where the customer only looks.
std::optional<Visit> Processor::let_decide(store::Tx& tx, const std::string& id, const std::string& outcome) {
  for (const Face* face : faces()) {
    auto visit = face->visit(tx, id);
    if (!visit) continue;
    if (outcome.empty()) return visit;
    const Form none;
    Call call{.tx = tx, .form = none, .now = clock_.now(), .random = random_, .processor = face->name()};
    visit = face->decide(call, id, outcome == "approve");
    record_events(call, target(*face));
    return visit;
  }
  return std::nullopt;
}

Task<http::Response> Processor::authenticate_page(http::Request request, std::string id) {
  const Form form(http::parse_form(request.body).value_or(Pairs()));
  const bool answers = request.method == "POST";
  const std::string outcome = answers ? form.text("outcome") : "";
  if (answers && outcome != "approve" && outcome != "decline") co_return refusal(400, "", "outcome must be approve or decline.");

  auto found = co_await store_.transact([&](store::Tx& tx) -> Result<std::optional<Visit>> { return let_decide(tx, id, outcome); });
  if (!found) co_return trouble(found.error());
  if (!*found) co_return refusal(404, "resource_missing", "No payment has this id: '" + id + "'");
  const Visit& visit = **found;
  if (answers) wake();
  if (wants_json(request)) co_return json_response(200, visit.json);
  if (!answers || visit.return_to.empty()) co_return html_response(200, authentication_page(visit));
  http::Response response = html_response(303, "");
  response.headers.set("location", visit.return_to);
  co_return response;
}

http::Response Processor::control_faults(const http::Request& request) {
  if (request.method == "DELETE") faults_.clear();
  if (request.method == "POST") {
    auto rule = parse_fault_rule(request.body);
    if (!rule) return trouble(rule.error());
    faults_.add(*std::move(rule));
  }
  return json_response(200, faults_.json());
}

http::Response Processor::control_settings(const http::Request& request) try {
  if (request.method != "POST") return json_response(200, settings_json(options()));
  simdjson::dom::parser parser;
  const simdjson::dom::object body = parser.parse(request.body);
  Options changed = options();
  for (const auto& [name, value] : body) {
    if (take_setting(changed, name, value)) continue;
    return refusal(400, "parameter_unknown",
                   name == "faces" ? "There is no such face, or no such setting of it." : "There is no setting " + std::string(name) + ".");
  }
  {
    const std::scoped_lock lock(guard_);
    options_ = changed;
  }
  wake();
  return json_response(200, settings_json(changed));
} catch (const simdjson::simdjson_error& problem) {
  return refusal(400, "malformed_json", problem.what());
}

}  // namespace purser::sandbox
