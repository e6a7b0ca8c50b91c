// The permissive edge: a body as merchants send it, made into the JSON that its contract has, and a list of all that was repaired on the
// way. A pure function: text in, text and repairs out. What decides what is charged and cannot be read with certainty is refused, by field
// and with its remedy; what only goes along is repaired or left out. The rules are told in docs/edge.md.
//
// Only REST reads so, and only the methods that read_permissively() names: protobuf's wire is strict by nature.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "platform/rpc/service.hpp"

namespace purser::rpc {

// The first so many repairs of one request are told one by one; one more says how many there were.
inline constexpr std::size_t repairs_max = 50;

struct ExternalRequest {
  std::string json{};  // for read_json(); the body as it came where it is no JSON object
  std::vector<Repair> repairs{};
};

// How a field is read follows from its contract (currency, ids, enums, lists) and from the names that mean the same in every contract:
// amount, unit_price, method, country, card_network, client_ip, metadata, description, name.
Result<ExternalRequest> read_external(std::string_view body, const google::protobuf::Descriptor& type);

// From now on REST reads the bodies of these methods so.
void read_permissively(Service& service, std::initializer_list<std::string_view> methods);

// What a reader is told: counted by code, and one line in the log.
void tell_repairs(const Call& call, const Method& method);

}  // namespace purser::rpc
