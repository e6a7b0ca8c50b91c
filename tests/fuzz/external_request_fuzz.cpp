// The permissive edge under bodies nobody wrote: it ends, and what it repaired is JSON that needs no repair. Linked by libFuzzer
// (target external_request_fuzzer) and by corpus_test.cpp.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "checkout/v1/checkout_service.pb.h"
#include "kernel/assert.hpp"
#include "payments/v1/payment_service.pb.h"
#include "platform/rpc/external_request.hpp"
#include "platform/rpc/json_tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace purser;

void read_twice(std::string_view body, const google::protobuf::Descriptor& type) {
  const auto once = rpc::read_external(body, type);
  if (!once.ok()) {
    PURSER_ASSERT(!once.error().fields.empty());
    return;
  }
  if (!rpc::read_tree(body)) {
    PURSER_ASSERT(once->json == body && once->repairs.empty());
    return;
  }
  PURSER_ASSERT(rpc::read_tree(once->json));
  PURSER_ASSERT(once->repairs.size() <= rpc::repairs_max + 1);
  const auto again = rpc::read_external(once->json, type);
  PURSER_ASSERT(again.ok() && again->repairs.empty() && again->json == once->json);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  read_twice(body, *::payments::v1::CreatePaymentRequest::descriptor());
  read_twice(body, *::payments::v1::PlanPaymentRequest::descriptor());
  read_twice(body, *::checkout::v1::CreateCheckoutRequest::descriptor());
  return 0;
}
