#include "verify/message_reader.hpp"

#include <google/protobuf/unknown_field_set.h>

#include <vector>

#include "checkout/v1/checkout_service.pb.h"
#include "orders/v1/events.pb.h"
#include "payments/events/v1/events.pb.h"
#include "payments/v1/payment_service.pb.h"
#include "purser/options/v1/options.pb.h"

namespace purser::verify {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// The first field of a message, where it is a text or a message.
std::string first_field(std::string_view bytes) {
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return "";
  for (int at = 0; at < fields.field_count(); ++at)
    if (fields.field(at).number() == 1 && fields.field(at).type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      return fields.field(at).length_delimited();
  return "";
}

}  // namespace

// Naming one message of a file links in all of it.
MessageReader::MessageReader() {
  google::protobuf::LinkMessageReflection<::orders::v1::OrderCreated>();
  google::protobuf::LinkMessageReflection<::payments::events::v1::PaymentCompleted>();
}

const Message* MessageReader::read(std::string_view type, std::string_view bytes) {
  auto known = messages_.find(type);
  if (known == messages_.end()) {
    const std::string name(type);
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    const Message* prototype = descriptor ? google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor) : nullptr;
    known = messages_.emplace(name, prototype ? prototype->New() : nullptr).first;
  }
  Message* message = known->second.get();
  return message && message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ? message : nullptr;
}

const Message* MessageReader::read_answer(std::string_view bytes) {
  const std::string id = first_field(first_field(bytes));
  if (id.starts_with("ord_")) return read(::checkout::v1::CreateCheckoutResponse::descriptor()->full_name(), bytes);
  if (id.starts_with("pay_")) return read(::payments::v1::GetPaymentResponse::descriptor()->full_name(), bytes);
  if (id.starts_with("ref_")) return read(::payments::v1::GetRefundResponse::descriptor()->full_name(), bytes);
  return nullptr;
}

EventNames names_of(const Message& event) {
  const auto& options = event.GetDescriptor()->options();
  if (!options.HasExtension(::purser::options::v1::event)) return {};
  const auto& rules = options.GetExtension(::purser::options::v1::event);
  return {rules.type(), rules.aggregate()};
}

void for_each_text(const Message& message, const std::function<void(std::string_view)>& each) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string scratch;
  for (const FieldDescriptor* field : fields) {
    const bool is_text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING, is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int at = 0; at < count && (is_text || is_message); ++at) {
      if (is_text)
        each(field->is_repeated() ? reflection.GetRepeatedStringReference(message, field, at, &scratch)
                                  : reflection.GetStringReference(message, field, &scratch));
      else
        for_each_text(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, at) : reflection.GetMessage(message, field), each);
    }
  }
}

}  // namespace purser::verify
