#include "app/event_service.hpp"

#include <google/protobuf/util/time_util.h>

#include "app/event_types.hpp"
#include "platform/events/feed.hpp"

namespace purser::app {
namespace {

namespace api = ::events::v1;

api::Event to_api(const events::StoredEvent& stored) {
  api::Event event;
  event.set_id(stored.id);
  event.set_type(stored.type);
  event.set_aggregate_type(stored.aggregate_type);
  event.set_aggregate_id(stored.aggregate_id);
  event.set_sequence(stored.sequence);
  *event.mutable_occurred_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(stored.occurred_at.unix_ms);
  event.set_correlation_id(stored.correlation_id);
  event.set_traceparent(stored.traceparent);
  event.mutable_data()->set_type_url("type.googleapis.com/" + stored.message_type);
  event.mutable_data()->set_value(stored.payload);
  return event;
}

}  // namespace

Reply<api::ListEventsResponse> EventService::ListEvents(rpc::Call call, api::ListEventsRequest request) {
  CO_TRY_DONE(check_event_type(request.type()));
  const rpc::Page page = rpc::Page::of(request);
  co_return co_await store_.read([&](store::Tx& tx) -> Result<api::ListEventsResponse> {
    auto events = events::list_events(tx, call.caller.merchant_id, {request.type(), request.aggregate_id()}, page);
    api::ListEventsResponse response;
    response.set_has_more(rpc::settle_page(page, events));
    for (const auto& event : events) *response.add_events() = to_api(event);
    if (response.has_more() && !events.empty()) response.set_next_page_token(events.back().id);
    return response;
  });
}

Reply<api::GetEventResponse> EventService::GetEvent(rpc::Call call, api::GetEventRequest request) {
  co_return co_await store_.read([&](store::Tx& tx) -> Result<api::GetEventResponse> {
    const auto event = events::find_event(tx, call.caller.merchant_id, request.event_id());
    if (!event)
      return Error{.kind = Kind::not_found,
                   .code = "event_not_found",
                   .detail = "There is no event with this id.",
                   .metadata = {{"event_id", request.event_id()}}};
    api::GetEventResponse response;
    *response.mutable_event() = to_api(*event);
    return response;
  });
}

}  // namespace purser::app
