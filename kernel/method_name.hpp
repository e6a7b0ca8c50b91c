// How a method of paying is called here, from what others call it: "Credit Card" is card, "applepay" is apple_pay. Pure.
#pragma once
#include <string>
#include <string_view>

namespace purser {

// A word nobody knows comes back in lower case with its spaces and dashes as underscores: who takes it is not decided here.
std::string method_name(std::string_view said);

}  // namespace purser
