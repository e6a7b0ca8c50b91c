// Looks for card numbers in everything a request carries, before anything is done with it or logged of it (PCI DSS 3.5.1).
#pragma once
#include <optional>

#include "kernel/result.hpp"
#include "platform/http/message.hpp"

namespace purser::rpc {

// 422 `card_number_refused`, which says where it stood and never what it was.
std::optional<Error> find_card_number(const http::Request& request, const http::Target& target);

}  // namespace purser::rpc
