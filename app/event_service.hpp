// EventService: the outbox as a feed. It belongs to no context, for it tells of all of them.
#pragma once
#include "events/v1/event_service.purser.hpp"
#include "platform/store/store.hpp"

namespace purser::app {

class EventService final : public ::events::v1::EventService {
 public:
  explicit EventService(store::Store& store) : store_(store) {}

  Reply<::events::v1::ListEventsResponse> ListEvents(rpc::Call call, ::events::v1::ListEventsRequest request) override;
  Reply<::events::v1::GetEventResponse> GetEvent(rpc::Call call, ::events::v1::GetEventRequest request) override;

 private:
  store::Store& store_;
};

}  // namespace purser::app
