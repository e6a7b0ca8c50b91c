// The outbound port without a wire: requests go to a handler in this process. For measuring our own cost
// (`./dev bench`) and as the base of the simulator's network.
#pragma once
#include <memory>

#include "platform/http/client.hpp"

namespace purser::http {

std::shared_ptr<Client> make_loopback_client(Handler handler);

}  // namespace purser::http
