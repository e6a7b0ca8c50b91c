// Stored events and answers as messages again, by the contracts alone.
#pragma once
#include <google/protobuf/message.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace purser::verify {

class MessageReader {
 public:
  MessageReader();
  // The message, valid until the next call for this type; nothing where the type is not in the contracts or the bytes are not of it.
  const google::protobuf::Message* read(std::string_view type, std::string_view bytes);
  // The answer stored under an idempotency key, which does not say its type: CreateCheckoutResponse (whose first half is every answer
  // about an order), GetPaymentResponse or GetRefundResponse. All begin with what they are about, and that with its id.
  const google::protobuf::Message* read_answer(std::string_view bytes);

 private:
  std::map<std::string, std::unique_ptr<google::protobuf::Message>, std::less<>> messages_;
};

// What a contract says of its event: the catalogue's name and the kind of aggregate. Both "" where it is no event.
struct EventNames {
  std::string type, aggregate;
};
EventNames names_of(const google::protobuf::Message& event);

// The part of an event that repeats its aggregate's facts: of type Facts, in the field `name`. Nothing where it has none.
template <class Facts>
const Facts* facts_in(const google::protobuf::Message& event, const char* name) {
  const auto* field = event.GetDescriptor()->FindFieldByName(name);
  if (!field || field->message_type() != Facts::descriptor() || !event.GetReflection()->HasField(event, field)) return nullptr;
  return google::protobuf::DynamicCastToGenerated<Facts>(&event.GetReflection()->GetMessage(event, field));
}

// Calls `each` for every text in a message and in the messages inside it.
void for_each_text(const google::protobuf::Message& message, const std::function<void(std::string_view)>& each);

}  // namespace purser::verify
