// The rules a contract states for one field (FieldRules), each asked of a value: what is wrong with it, in one sentence that never
// repeats a long one.
#pragma once
#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "purser/options/v1/options.pb.h"

namespace purser::rpc {

using FieldRules = ::purser::options::v1::FieldRules;

struct BrokenRule {
  const char* code;
  std::string detail;
};
using Judgement = std::optional<BrokenRule>;  // nothing: the rule is kept

Judgement judge_text(std::string_view text, const FieldRules& rules);
Judgement judge_length(std::string_view text, int length_max);
Judgement judge_number(std::int64_t number, const FieldRules& rules);
Judgement judge_enum(int number, const google::protobuf::FieldDescriptor* field, const FieldRules& rules);
// Of a list or a map.
Judgement judge_size(int size, const FieldRules& rules);

}  // namespace purser::rpc
