#include "verify/message_reader.hpp"

#include <google/protobuf/io/coded_stream.h>

#include <vector>

#include "checkout/v1/checkout_service.pb.h"
#include "orders/v1/events.pb.h"
#include "payments/events/v1/events.pb.h"
#include "payments/v1/payment_service.pb.h"
#include "purser/options/v1/options.pb.h"
#include "wallet/v1/events.pb.h"
#include "wallet/v1/wallet_service.pb.h"

namespace purser::verify {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

// What a message begins with, where that is its first field and a text or a message; "" where it begins otherwise.
std::string_view first_field(std::string_view bytes) {
  constexpr std::uint32_t first_text = 1 << 3 | 2;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  std::uint32_t length = 0;
  if (stream.ReadTag() != first_text || !stream.ReadVarint32(&length)) return "";
  return bytes.substr(static_cast<std::size_t>(stream.CurrentPosition()), length);
}

}  // namespace

// Naming one message of a file links in all of it.
MessageReader::MessageReader() {
  google::protobuf::LinkMessageReflection<::orders::v1::OrderCreated>();
  google::protobuf::LinkMessageReflection<::payments::events::v1::PaymentCompleted>();
  google::protobuf::LinkMessageReflection<::wallet::v1::WalletCredited>();
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
  const std::string_view id = first_field(first_field(bytes));
  if (id.starts_with("ord_")) return read(::checkout::v1::CreateCheckoutResponse::descriptor()->full_name(), bytes);
  if (id.starts_with("pay_")) return read(::payments::v1::GetPaymentResponse::descriptor()->full_name(), bytes);
  if (id.starts_with("ref_")) return read(::payments::v1::GetRefundResponse::descriptor()->full_name(), bytes);
  if (id.starts_with("wop_")) return read(::wallet::v1::GetOperationResponse::descriptor()->full_name(), bytes);
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
