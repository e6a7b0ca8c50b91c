// The JSON Schemas of the messages, as platform/rpc/json.hpp reads and writes them.
//
// A message has two faces. What a client sends is closed: unknown fields are refused, the rules of the contract are stated, fields
// only the server sets are absent. What the server answers is open, and names as required what is always written (numbers and
// booleans; empty texts, empty lists and unset messages are left out).
#pragma once
#include <google/protobuf/descriptor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "codegen/json_value.hpp"

namespace purser::codegen {

enum class Face : bool { request, answer };

class Schemas {
 public:
  // All messages and enums of these files may be named.
  explicit Schemas(const std::vector<const google::protobuf::FileDescriptor*>& files);

  // Messages that are answered keep their name; the request's face of such a message gets "Input" behind it. Tell all before
  // asking for references.
  void note_answer(const google::protobuf::Descriptor& message);

  // {"$ref": …}, and the component behind it exists from then on.
  Json reference(const google::protobuf::Descriptor& message, Face face);
  // A request body: the message without the fields that are in the path.
  Json body_reference(const google::protobuf::Descriptor& request, const std::set<std::string>& left_out);
  // The envelope of a list whose data are these messages.
  Json list_reference(const google::protobuf::Descriptor& element);
  // The schema of one field, by itself.
  Json field(const google::protobuf::FieldDescriptor& field, Face face);

  // A request body made of the examples in the contract.
  Json example(const google::protobuf::Descriptor& request, const std::set<std::string>& left_out) const;

  Json components() const;  // by name

 private:
  template <class Descriptor>
  std::string name_of(const Descriptor& type) const;
  Json message_schema(const google::protobuf::Descriptor& message, Face face, const std::set<std::string>& left_out);
  Json enum_reference(const google::protobuf::EnumDescriptor& type);
  Json element(const google::protobuf::FieldDescriptor& field, Face face);

  std::map<std::string, int> short_names_;
  std::set<const google::protobuf::Descriptor*> answered_;
  std::map<std::string, Json> components_;
};

// Must be in every request: said so, or a list that may not be empty.
bool is_required(const google::protobuf::FieldDescriptor& field);

// "PAYMENT_DONE" for ORDER_STATUS_PAYMENT_DONE.
std::string enum_text(const google::protobuf::EnumValueDescriptor& value);

}  // namespace purser::codegen
