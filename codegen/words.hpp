// The words inside a CamelCase or snake_case name.
#pragma once
#include <string>
#include <string_view>

namespace purser::codegen {

std::string snake_case(std::string_view camel);        // "order_service" for OrderService
std::string upper_snake_case(std::string_view camel);  // "ORDER_STATUS" for OrderStatus
std::string lower_camel_case(std::string_view camel);  // "createOrder" for CreateOrder
std::string sentence_case(std::string_view name);      // "Create order" for CreateOrder, "Page size" for page_size

}  // namespace purser::codegen
