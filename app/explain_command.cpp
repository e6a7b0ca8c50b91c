#include <fmt/core.h>
#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/server_place.hpp"
#include "app/snapshot.hpp"
#include "contexts/payments/timeline.hpp"
#include "platform/rpc/json.hpp"

namespace purser::app {
namespace {

namespace api = ::payments::v1;

struct ExplainFlags {
  ServerPlace place{};
  std::string id;
  bool json = false;
};

int fail(const std::string& detail) {
  fmt::print(stderr, "purser explain: {}\n", detail);
  return 2;
}

std::string_view label(api::TimelineKind kind) {
  switch (kind) {
    case api::TIMELINE_KIND_PLAN:
      return "plan";
    case api::TIMELINE_KIND_ROUTE:
      return "route";
    case api::TIMELINE_KIND_ASKED:
      return "asked";
    case api::TIMELINE_KIND_REPLY:
      return "reply";
    case api::TIMELINE_KIND_LOOKED:
      return "looked";
    case api::TIMELINE_KIND_WEBHOOK:
      return "webhook";
    case api::TIMELINE_KIND_NEXT:
      return "next";
    case api::TIMELINE_KIND_EVENT:
      return "event";
    default:
      return "";
  }
}

// What a person needs to find the same thing at the processor, or in the log.
std::string traces(const api::TimelineEntry& entry) {
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  };
  if (entry.kind() == api::TIMELINE_KIND_ASKED) add("reference", entry.reference());
  add("its id", entry.processor_ref());
  if (entry.latency_ms() > 0) add("after", fmt::format("{} ms", entry.latency_ms()));
  add("cause", entry.cause());
  add("event", entry.event_id());
  return text;
}

void print_story(const api::Timeline& timeline) {
  fmt::print("{}{}{}\n{}\n\n", timeline.payment_id(), timeline.order_id().empty() ? "" : " of ", timeline.order_id(), timeline.summary());
  for (const api::TimelineEntry& entry : timeline.entries()) {
    const Instant at{google::protobuf::util::TimeUtil::TimestampToMilliseconds(entry.at())};
    fmt::print("{}  {:<7}  {}\n", rfc3339(at), label(entry.kind()), entry.text());
    if (const std::string more = traces(entry); !more.empty()) fmt::print("{:>24}  {:<7}  {}\n", "", "", more);
  }
}

Result<api::Timeline> find_story(const ExplainFlags& flags) {
  TRY(const Config server, settings_of(flags.place));
  std::optional<Result<api::Timeline>> found;
  TRY_DONE(in_snapshot(server.data_dir,
                       [&](store::Tx& tx) { found = payments::timeline_of(tx, payments::merchant_of(tx, flags.id).value_or(""), flags.id); }));
  return *std::move(found);
}

int explain(const ExplainFlags& flags) {
  const auto timeline = find_story(flags);
  if (!timeline.ok())
    return fail(timeline.error().code == "payment_not_found" ? "There is no payment " + flags.id + ", and no order of this id that was paid."
                                                             : timeline.error().detail);
  if (!flags.json) {
    print_story(*timeline);
    return 0;
  }
  std::string text;
  rpc::write_json(*timeline, text);
  fmt::print("{}\n", text);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_explain(CLI::App& cli, int& status) {
  auto flags = std::make_shared<ExplainFlags>();
  CLI::App* command =
      cli.add_subcommand("explain", "Tell a payment's whole story, also while the server runs: who was asked, why, and what came of it.");
  add_place(*command, flags->place);
  command->add_option("id", flags->id, "A payment's id (pay_…), or its order's (ord_…).")->required();
  command->add_flag("--json", flags->json, "As JSON: what GET /payments/{id}/timeline answers.");
  command->callback([flags, &status] { status = explain(*flags); });
  return flags;
}

}  // namespace purser::app
