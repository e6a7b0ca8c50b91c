// Which payment processors a server has: each made from its settings, in one line of processors.cpp. Store credit is not among them: it
// needs no settings, and every shop has it.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "contexts/payments/processors/processor.hpp"
#include "platform/clock.hpp"
#include "platform/config.hpp"
#include "platform/http/client.hpp"

namespace purser::app {

// The adapter, over the wire and the clock that it is given; the clock outlives it.
using MakeProcessor = std::function<std::shared_ptr<payments::Processor>(std::shared_ptr<http::Client> wire, Clock& clock)>;

// Those that are set up, in the order in which they are asked where no configuration says otherwise.
std::vector<MakeProcessor> processors_of(const Config& config);

}  // namespace purser::app
