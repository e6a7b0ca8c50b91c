#include "platform/rpc/service.hpp"

namespace purser::rpc {

MessagePtr Method::new_request() const {
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type());
  return MessagePtr(prototype->New());
}

}  // namespace purser::rpc
