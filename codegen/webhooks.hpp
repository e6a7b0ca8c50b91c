// The `webhooks` section: every event of the catalogue as the request a subscriber will get (Standard Webhooks, CloudEvents body).
#pragma once
#include <google/protobuf/descriptor.h>

#include <vector>

#include "codegen/json_value.hpp"
#include "codegen/schemas.hpp"

namespace purser::codegen {

// The messages with EventRules, by their type in the catalogue.
std::vector<const google::protobuf::Descriptor*> events_of(const std::vector<const google::protobuf::FileDescriptor*>& files);

Json webhooks_of(const std::vector<const google::protobuf::Descriptor*>& events, Schemas& schemas);

Json cloud_event_schema();
Json webhook_parameters();  // to stand beside the shared ones

}  // namespace purser::codegen
