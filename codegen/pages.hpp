// The paths that are no service: probes, metrics, this document and its page, processors' webhooks.
#pragma once
#include "codegen/json_value.hpp"

namespace purser::codegen {

void add_pages(Json& paths);
void add_page_tags(Json& tags);
Json health_schema();

}  // namespace purser::codegen
