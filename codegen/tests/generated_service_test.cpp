// What the plugin made from sample/v1/cup_service.proto: one client code, against the object itself and against its client.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "sample/v1/cup_service.purser.hpp"

namespace sample::v1 {
namespace {

using purser::Done;
using purser::Error;
using purser::Kind;
using purser::Reply;
using purser::Result;
using purser::Task;
using purser::rpc::Call;
using purser::rpc::Channel;
using purser::rpc::Message;
using purser::rpc::Service;

class Shelf final : public CupService {
 public:
  Reply<CreateCupResponse> CreateCup(Call call, CreateCupRequest request) override {
    if (request.name().empty()) co_return purser::invalid("/name", "required", "name is required.");
    CreateCupResponse response;
    response.set_id("cup_" + call.idempotency_key);
    response.set_name(request.name());
    call.notes->replayed = true;
    co_return response;
  }
  Reply<google::protobuf::Empty> BreakCup(Call call, BreakCupRequest request) override {
    if (request.id().empty()) co_return Error{.kind = Kind::not_found, .code = "cup_not_found", .detail = "asked by " + call.caller.actor};
    co_return google::protobuf::Empty();
  }
};

// A way there and back that only copies: what a face does, without the wire.
class Loop final : public Channel {
 public:
  explicit Loop(Service service) : service_(std::move(service)) {}

  Reply<Done> call(const google::protobuf::MethodDescriptor* method, Call call, const Message& request, Message& reply) override {
    const auto& bound = service_.methods.at(static_cast<std::size_t>(method->index()));
    EXPECT_EQ(bound.descriptor, method);
    auto arrived = bound.new_request();
    EXPECT_TRUE(arrived->ParseFromString(request.SerializeAsString()));
    auto answered = co_await bound.invoke(std::move(call), std::move(arrived));
    if (!answered.ok()) co_return std::move(answered).error();
    reply.CopyFrom(**answered);
    co_return Done{};
  }

 private:
  Service service_;
};

template <class T>
Task<void> keep(Reply<T> reply, std::optional<Result<T>>* into) {
  into->emplace(co_await std::move(reply));
}

template <class T>
Result<T> run(Reply<T> reply) {
  boost::asio::io_context context;
  std::optional<Result<T>> result;
  boost::asio::co_spawn(context, keep(std::move(reply), &result), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  context.run();
  return *std::move(result);
}

Call call_of(std::string key) {
  Call call;
  call.idempotency_key = std::move(key);
  call.caller.actor = "key_1";
  return call;
}

CreateCupRequest cup(std::string name) {
  CreateCupRequest request;
  request.set_name(std::move(name));
  return request;
}

class GeneratedService : public testing::TestWithParam<bool> {
 protected:
  std::shared_ptr<CupService> service() const {
    auto shelf = std::make_shared<Shelf>();
    if (!GetParam()) return shelf;
    return std::make_shared<CupServiceClient>(std::make_shared<Loop>(sample::v1::bind(shelf)));
  }
};

INSTANTIATE_TEST_SUITE_P(InProcessAndRemote, GeneratedService, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) { return info.param ? "Remote" : "InProcess"; });

TEST_P(GeneratedService, Answers) {
  const Call call = call_of("k1");
  const auto answer = run(service()->CreateCup(call, cup("blue")));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->id(), "cup_k1");
  EXPECT_EQ(answer->name(), "blue");
  EXPECT_TRUE(call.notes->replayed);
}

TEST_P(GeneratedService, RefusesWithAllThatTheHandlerSaid) {
  const auto answer = run(service()->CreateCup(call_of("k1"), cup("")));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error(), purser::invalid("/name", "required", "name is required."));
}

TEST_P(GeneratedService, TakesMessagesOfOtherPackages) {
  BreakCupRequest request;
  request.set_id("cup_1");
  EXPECT_TRUE(run(service()->BreakCup(call_of(""), request)).ok());
  const auto answer = run(service()->BreakCup(call_of(""), {}));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "cup_not_found");
  EXPECT_EQ(answer.error().detail, "asked by key_1");
}

TEST(GeneratedBinding, HoldsEveryMethodInTheContractsOrder) {
  const Service bound = sample::v1::bind(std::make_shared<Shelf>());
  EXPECT_EQ(bound.descriptor->full_name(), CupService::full_name);
  ASSERT_EQ(bound.methods.size(), 2U);
  EXPECT_EQ(bound.methods[0].descriptor->name(), "CreateCup");
  EXPECT_EQ(bound.methods[1].descriptor->name(), "BreakCup");
  EXPECT_EQ(bound.methods[1].new_request()->GetDescriptor(), BreakCupRequest::descriptor());
}

TEST(GeneratedBinding, KeepsTheServiceAlive) {
  auto shelf = std::make_shared<Shelf>();
  const std::weak_ptr<Shelf> watched = shelf;
  {
    const Service bound = sample::v1::bind(std::move(shelf));
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(GeneratedEvents, AreAllThere) {
  const auto prototypes = event_prototypes();
  ASSERT_EQ(prototypes.size(), 1U);
  EXPECT_EQ(prototypes[0]->GetDescriptor()->full_name(), "sample.v1.CupBroken");
}

}  // namespace
}  // namespace sample::v1
