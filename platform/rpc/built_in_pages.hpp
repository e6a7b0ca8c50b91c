// The pages around the API: probes, metrics, the OpenAPI document and the page that shows it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "platform/rpc/rest.hpp"

namespace purser::rpc {

std::vector<RawRoute> built_in_pages(const RestParts& parts);

// A Content-Security-Policy under which a page runs the scripts and styles that stand in it, by their hashes, may ask this
// server for data, and nothing else.
std::string content_security_policy(std::string_view html);

}  // namespace purser::rpc
