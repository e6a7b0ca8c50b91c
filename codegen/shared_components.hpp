// What every operation refers to: the headers in and out, the errors (RFC 9457), and how a caller says who they are.
#pragma once
#include "codegen/json_value.hpp"

namespace purser::codegen {

Json shared_parameters();
Json shared_headers();
Json shared_responses();
Json security_schemes();
Json problem_schema();

Json text_schema(const char* description);  // {"type": "string", …}

}  // namespace purser::codegen
