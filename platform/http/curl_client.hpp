// The outbound port over libcurl: a multi handle on a thread of its own, with connections kept alive and pooled per host.
#pragma once
#include <memory>

#include "platform/http/client.hpp"

namespace purser::http {

struct CurlOptions {
  int connections_per_host_max = 128;
};

// Stops when destroyed: requests under way end as InDoubt, queued ones as NotSent.
std::shared_ptr<Client> make_curl_client(CurlOptions options = {});

}  // namespace purser::http
