// A JSON body as a form: {"amount":{"value":1},"items":["a"]} reads amount[value]=1, items[0]=a. Operations then read the parameters of
// every face alike. Numbers and booleans are written as JSON writes them; null is as if it were absent.
#pragma once
#include <optional>
#include <string_view>

#include "sandbox/form.hpp"

namespace purser::sandbox {

// Nothing where `json` is not one JSON object. An empty text is an empty form.
std::optional<Form> form_of_json(std::string_view json);

}  // namespace purser::sandbox
