// The gRPC face and its channel over real sockets: what a caller in this process sees, a caller across the wire sees too.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <system_error>
#include <thread>

#include "orders/v1/order_service.pb.h"
#include "platform/metrics.hpp"
#include "platform/rpc/grpc_face.hpp"
#include "platform/rpc/grpc_status.hpp"
#include "platform/store/sqlite_store.hpp"

namespace purser::rpc {
namespace {

namespace asio = boost::asio;
using orders::v1::CreateOrderRequest;
using orders::v1::CreateOrderResponse;
using orders::v1::GetOrderRequest;
using orders::v1::GetOrderResponse;
using orders::v1::UpdateOrderRequest;
using orders::v1::UpdateOrderResponse;
using testing::HasSubstr;

const auto* const contract = orders::v1::Order::descriptor()->file()->pool()->FindServiceByName("orders.v1.OrderService");
const std::string create_path = "/orders.v1.OrderService/CreateOrder", get_path = "/orders.v1.OrderService/GetOrder";

// Holds handlers until the test opens it, and tells the test that one arrived and that one left.
struct Gate {
  explicit Gate(asio::io_context& io) : open(io, 16) {}
  asio::experimental::concurrent_channel<void(boost::system::error_code)> open;
  std::promise<void> arrived{}, left{};
};

// What the handlers see comes back in the order, so that both ways of calling can be compared.
class Orders {
 public:
  explicit Orders(asio::io_context& io) : gate(io) {}
  Gate gate;

  Reply<CreateOrderResponse> CreateOrder(Call call, CreateOrderRequest request) {
    if (request.user_id() == "held") co_await hold();
    if (request.user_id() == "throws") throw std::runtime_error("secret of the house");
    if (request.user_id() == "internal") co_return Error{.kind = Kind::internal, .code = "books_differ", .detail = "secret of the house"};
    if (request.user_id() == "conflict")
      co_return Error{.kind = Kind::conflict, .code = "client_reference_taken", .detail = "Taken.", .metadata = {{"order_id", "ord_1"}}};
    if (request.user_id() == "full")
      co_return Error{.kind = Kind::unavailable, .code = "store_unavailable", .detail = "Later.", .retry_after_seconds = 2};
    call.notes->replayed = request.user_id() == "again";
    CreateOrderResponse response;
    auto& order = *response.mutable_order();
    order.set_id(call.idempotency_key);
    order.set_user_id(request.user_id());
    order.set_client_reference(call.correlation_id);
    order.set_order_type(call.caller.merchant_id);
    order.set_payment_id(call.trace.trace_id_text());
    order.set_version(7);
    co_return response;
  }

  Reply<GetOrderResponse> GetOrder(Call call, GetOrderRequest request) {
    if (!request.order_id().starts_with("ord_"))
      co_return Error{.kind = Kind::not_found, .code = "order_not_found", .detail = "There is no order " + request.order_id() + "."};
    GetOrderResponse response;
    response.mutable_order()->set_id(request.order_id());
    response.mutable_order()->set_order_type(call.caller.merchant_id);
    co_return response;
  }

  Reply<UpdateOrderResponse> UpdateOrder(Call call, UpdateOrderRequest) {
    UpdateOrderResponse response;
    response.mutable_order()->set_version(call.if_match.value_or(-1));
    co_return response;
  }

 private:
  Task<void> hold() {
    gate.arrived.set_value();
    co_await gate.open.async_receive(asio::use_awaitable);
    gate.left.set_value();
  }
};

Service bind(std::shared_ptr<Orders> orders) {
  return {contract,
          {bind_method(contract->FindMethodByName("CreateOrder"), orders, &Orders::CreateOrder),
           bind_method(contract->FindMethodByName("GetOrder"), orders, &Orders::GetOrder),
           bind_method(contract->FindMethodByName("UpdateOrder"), orders, &Orders::UpdateOrder)}};
}

// The object in this process, by the same door as a remote one.
class LocalChannel : public Channel {
 public:
  explicit LocalChannel(Service service) : service_(std::move(service)) {}
  Reply<Done> call(const google::protobuf::MethodDescriptor* method, Call call, const Message& request, Message& reply) override {
    for (const Method& mine : service_.methods) {
      if (mine.descriptor != method) continue;
      MessagePtr copy = mine.new_request();
      copy->CopyFrom(request);
      CO_TRY(MessagePtr answer, co_await mine.invoke(std::move(call), std::move(copy)));
      reply.CopyFrom(*answer);
      co_return Done();
    }
    co_return Error{.kind = Kind::wrong_method, .code = "method_not_served"};
  }

 private:
  Service service_;
};

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& result) {
  result.emplace(co_await std::move(task));
}

struct RawAnswer {
  grpc::Status status;
  std::string bytes;
  std::multimap<std::string, std::string> trailers;
};

std::string text_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (buffer.Dump(&slices).ok())
    for (const auto& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

CreateOrderRequest order_for(const std::string& user) {
  CreateOrderRequest request;
  request.set_user_id(user);
  request.set_currency("USD");
  auto& line = *request.add_items();
  line.set_sku("SKU-1");
  line.set_quantity(1);
  return request;
}

class GrpcTest : public testing::Test {
 protected:
  GrpcTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "purser-grpc-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    store_ = *store::open_sqlite({.file = folder_ / "keys.db"}, KeyRing::migrations());
    keys_ = std::make_unique<KeyRing>(*store_, system_clock(), system_random(), "test", std::string(32, 's'));
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
    merchant_key_ = make_key(Scope::merchant);
    readonly_key_ = make_key(Scope::readonly);
    serve();
  }
  ~GrpcTest() override {
    orders_->gate.open.close();
    server_.reset();
    guard_.reset();
    for (auto& thread : threads_) thread.join();
    orders_.reset();
    keys_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void serve(Duration request_timeout = seconds(30)) {
    server_.reset();
    server_ = serve_grpc(io_.get_executor(), "127.0.0.1", 0,
                         {.services = {bind(orders_)},
                          .keys = keys_.get(),
                          .clock = &system_clock(),
                          .random = &system_random(),
                          .request_timeout = request_timeout,
                          .message_bytes_max = 64 << 10});
    target_ = "127.0.0.1:" + std::to_string(server_->port());
    remote_ = dial_grpc(target_, merchant_key_);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io_, keep(std::move(task), result), asio::use_future).get();
    return *std::move(result);
  }

  std::string make_key(Scope scope) {
    auto key = run(keys_->create(merchant_, "test", scope));
    return key.ok() ? key->secret : "";
  }

  Call call_with(std::string key) {
    Call call;
    call.caller = {.merchant_id = merchant_, .actor = "key_1", .scope = Scope::merchant};
    call.idempotency_key = std::move(key);
    call.correlation_id = "corr-1";
    call.trace = *trace::parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    return call;
  }

  Reply<CreateOrderResponse> create(std::shared_ptr<Channel> channel, Call call, CreateOrderRequest request) {
    return call_remote<CreateOrderResponse>(std::move(channel), contract->FindMethodByName("CreateOrder"), std::move(call), std::move(request));
  }
  Reply<GetOrderResponse> get(std::shared_ptr<Channel> channel, Call call, std::string id) {
    GetOrderRequest request;
    request.set_order_id(std::move(id));
    return call_remote<GetOrderResponse>(std::move(channel), contract->FindMethodByName("GetOrder"), std::move(call), std::move(request));
  }

  // A call as any gRPC client makes it.
  RawAnswer raw(const std::string& path, const std::string& bytes, const std::vector<std::pair<std::string, std::string>>& metadata) {
    grpc::GenericStub stub(grpc::CreateChannel(target_, grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, path, {}, &request, &response, [&](const grpc::Status& status) { done.set_value(status); });
    RawAnswer answer{.status = done.get_future().get(), .bytes = text_of(response), .trailers = {}};
    for (const auto& [name, value] : context.GetServerTrailingMetadata())
      answer.trailers.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    return answer;
  }
  std::pair<std::string, std::string> bearer(const std::string& key) { return {"authorization", "Bearer " + key}; }

  // 1 SERVING, 2 NOT_SERVING, 0 not known (grpc.health.v1, by hand: one string in, one enum out).
  int health(const std::string& service) {
    const auto answer = raw("/grpc.health.v1.Health/Check", "\x0a" + std::string(1, static_cast<char>(service.size())) + service, {});
    return answer.status.ok() && answer.bytes.size() == 2 ? answer.bytes[1] : 0;
  }

  const std::string merchant_ = "mer_01h455vb4pex5vsknk084sn02q";
  std::filesystem::path folder_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
  std::vector<std::thread> threads_;
  std::shared_ptr<store::SqliteStore> store_;
  std::unique_ptr<KeyRing> keys_;
  std::shared_ptr<Orders> orders_ = std::make_shared<Orders>(io_);
  std::shared_ptr<Channel> local_ = std::make_shared<LocalChannel>(bind(orders_));
  std::shared_ptr<Channel> remote_;
  std::unique_ptr<GrpcServer> server_;
  std::string merchant_key_, readonly_key_, target_;
};

TEST_F(GrpcTest, AnswersAsTheObjectItselfDoes) {
  const auto here = run(create(local_, call_with("k-1"), order_for("ann")));
  const auto there = run(create(remote_, call_with("k-1"), order_for("ann")));
  ASSERT_TRUE(here.ok() && there.ok()) << (there.ok() ? "" : there.error().detail);
  EXPECT_EQ(here.value().SerializeAsString(), there.value().SerializeAsString());
  EXPECT_EQ(there.value().order().id(), "k-1");
  EXPECT_EQ(there.value().order().client_reference(), "corr-1");
  EXPECT_EQ(there.value().order().order_type(), merchant_);
  EXPECT_EQ(there.value().order().payment_id(), "0af7651916cd43dd8448eb211c80319c") << "the trace goes on";
}

TEST_F(GrpcTest, RefusesAsTheObjectItselfDoes) {
  for (const char* user : {"conflict", "full"}) {
    const auto here = run(create(local_, call_with("k-2"), order_for(user)));
    const auto there = run(create(remote_, call_with("k-2"), order_for(user)));
    ASSERT_FALSE(here.ok() || there.ok()) << user;
    EXPECT_EQ(here.error(), there.error()) << user;
  }
  const auto here = run(get(local_, call_with(""), "nothing"));
  const auto there = run(get(remote_, call_with(""), "nothing"));
  ASSERT_FALSE(here.ok() || there.ok());
  EXPECT_EQ(here.error(), there.error());
}

TEST_F(GrpcTest, SaysThatAnAnswerIsARepetition) {
  const Call again = call_with("k-3"), first = call_with("k-4");
  ASSERT_TRUE(run(create(remote_, again, order_for("again"))).ok());
  ASSERT_TRUE(run(create(remote_, first, order_for("ann"))).ok());
  EXPECT_TRUE(again.notes->replayed);
  EXPECT_FALSE(first.notes->replayed);
}

TEST_F(GrpcTest, CarriesIfMatch) {
  Call call = call_with("k-5");
  call.if_match = 41;
  UpdateOrderRequest request;
  request.set_order_id("ord_01h455vb4pex5vsknk084sn02q");
  *request.add_items() = order_for("ann").items(0);
  const auto updated = run(call_remote<UpdateOrderResponse>(remote_, contract->FindMethodByName("UpdateOrder"), call, request));
  ASSERT_TRUE(updated.ok()) << updated.error().detail;
  EXPECT_EQ(updated.value().order().version(), 41);
}

TEST_F(GrpcTest, CarriesKeysThatAreLongOrQuoted) {
  const auto quoted = run(create(remote_, call_with("a\"b\\c"), order_for("ann")));
  ASSERT_TRUE(quoted.ok()) << quoted.error().detail;
  EXPECT_EQ(quoted.value().order().id(), "a\"b\\c");
  const std::string parent(255, 'k');
  const auto step = run(create(remote_, call_with(parent + "/pay"), order_for("ann")));
  const auto other = run(create(remote_, call_with(parent + "/bill"), order_for("ann")));
  ASSERT_TRUE(step.ok() && other.ok());
  EXPECT_NE(step.value().order().id(), other.value().order().id());
}

// Each key on its own, before anything else about the request is looked at, and with the time to come back.
TEST_F(GrpcTest, HoldsAKeyToItsRate) {
  keys_->limit(3);
  const std::string order = order_for("ann").SerializeAsString();
  for (const char* key : {"k-1", "k-2", "k-3"})
    EXPECT_TRUE(raw(create_path, order, {bearer(merchant_key_), {"idempotency-key", key}}).status.ok()) << key;
  const auto refused = raw(create_path, "\xff\xff", {bearer(merchant_key_)});
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const Error error = to_error(refused.status);
  EXPECT_EQ(error.kind, Kind::rate_limited);
  EXPECT_EQ(error.code, "rate_limited");
  EXPECT_GE(error.retry_after_seconds.value_or(0), 1);
  GetOrderRequest get;
  get.set_order_id("ord_01h455vb4pex5vsknk084sn02q");
  EXPECT_TRUE(raw(get_path, get.SerializeAsString(), {bearer(readonly_key_)}).status.ok());
}

TEST_F(GrpcTest, AsksEveryCallerForAKey) {
  const std::string order = order_for("ann").SerializeAsString();
  const auto check = [&](const RawAnswer& answer, Kind kind, const char* code) {
    ASSERT_FALSE(answer.status.ok()) << code;
    EXPECT_EQ(to_error(answer.status).kind, kind) << code;
    EXPECT_EQ(to_error(answer.status).code, code);
    EXPECT_EQ(answer.trailers.count("request-id"), 1u) << code;
  };
  const auto none = raw(create_path, order, {});
  EXPECT_EQ(none.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(raw(create_path, order, {{"authorization", "Basic abc"}}).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(raw(create_path, order, {bearer("sk_test_unknown")}).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  check(raw(create_path, order, {bearer(readonly_key_), {"idempotency-key", "k"}}), Kind::forbidden, "insufficient_scope");
  check(raw(create_path, order, {bearer(merchant_key_)}), Kind::malformed, "idempotency_key_missing");
  check(raw(create_path, order, {bearer(merchant_key_), {"idempotency-key", "\"open"}}), Kind::malformed, "idempotency_key_invalid");
  check(raw(create_path, order, {bearer(merchant_key_), {"idempotency-key", "k"}, {"if-match", "x"}}), Kind::malformed, "if_match_invalid");
  check(raw(create_path, "\xff\xff", {bearer(merchant_key_), {"idempotency-key", "k"}}), Kind::malformed, "malformed_message");
  check(raw(create_path, order, {bearer(merchant_key_), {"idempotency-key", "k"}, {"x-note", "4242 4242 4242 4242"}}), Kind::invalid,
        "card_number_refused");
  check(raw(create_path, order_for("").SerializeAsString(), {bearer(merchant_key_), {"idempotency-key", "k"}}), Kind::invalid, "validation_failed");
}

TEST_F(GrpcTest, AnswersForeignClients) {
  const auto answer = raw(create_path, order_for("again").SerializeAsString(), {bearer(merchant_key_), {"idempotency-key", "\"k-6\""}});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  CreateOrderResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.bytes));
  EXPECT_EQ(response.order().id(), "k-6") << "quotes are not part of the key";
  EXPECT_EQ(answer.trailers.find("etag")->second, "\"7\"");
  EXPECT_EQ(answer.trailers.find("idempotent-replayed")->second, "true");
  EXPECT_TRUE(answer.trailers.find("request-id")->second.starts_with("req_"));

  GetOrderRequest request;
  request.set_order_id("ord_1");
  EXPECT_TRUE(raw(get_path, request.SerializeAsString(), {bearer(readonly_key_)}).status.ok()) << "a reader may read, without a key";
  EXPECT_EQ(raw("/orders.v1.OrderService/Nothing", "", {bearer(merchant_key_)}).status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcTest, RefusesMessagesThatAreTooLarge) {
  auto request = order_for("ann");
  (*request.mutable_metadata())["note"] = std::string(100 << 10, 'x');
  const auto created = run(create(remote_, call_with("k-7"), request));
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, Kind::too_large);
}

TEST_F(GrpcTest, KeepsWhatFailedInsideToItself) {
  const auto thrown = run(create(remote_, call_with("k-8"), order_for("throws")));
  ASSERT_FALSE(thrown.ok());
  EXPECT_EQ(thrown.error().kind, Kind::internal);
  EXPECT_EQ(thrown.error().code, "internal");
  EXPECT_EQ(thrown.error().detail.find("secret"), std::string::npos);

  const auto failed = run(create(remote_, call_with("k-9"), order_for("internal")));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, "books_differ");
  EXPECT_EQ(failed.error().detail.find("secret"), std::string::npos);
}

TEST_F(GrpcTest, AnswersAtTheDeadlineAndLetsTheHandlerEnd) {
  serve(milliseconds(50));
  const auto answer = raw(create_path, order_for("held").SerializeAsString(), {bearer(merchant_key_), {"idempotency-key", "k-10"}});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(to_error(answer.status).code, "timeout");
  EXPECT_THAT(answer.status.error_message(), HasSubstr("idempotency-key")) << "the server itself answered";
  orders_->gate.open.try_send(boost::system::error_code());
  orders_->gate.left.get_future().get();
}

TEST_F(GrpcTest, ObeysTheCallersDeadline) {
  Call call = call_with("k-11");
  call.deadline = system_clock().now() + milliseconds(100);
  const auto created = run(create(remote_, call, order_for("held")));
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, Kind::timeout);
  orders_->gate.arrived.get_future().get();
}

TEST_F(GrpcTest, SaysUnavailableWhereNobodyListens) {
  const auto nobody = dial_grpc("127.0.0.1:1", merchant_key_);
  const auto created = run(create(nobody, call_with("k-12"), order_for("ann")));
  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().kind, Kind::unavailable);
}

// With no server and no other channel, gRPC ends its threads with the channel: it must not be one of them that does so.
TEST_F(GrpcTest, LetsGoOfTheLastChannelAtAnyTime) {
  server_.reset();
  remote_.reset();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(run(create(dial_grpc("127.0.0.1:1", merchant_key_), call_with("k"), order_for("ann"))).ok());
}

TEST_F(GrpcTest, ServesManyCallsAtOnce) {
  std::vector<std::future<void>> all;
  std::vector<std::optional<Result<CreateOrderResponse>>> answers(200);
  for (std::size_t i = 0; i < answers.size(); ++i)
    all.push_back(asio::co_spawn(io_, keep(create(remote_, call_with("many-" + std::to_string(i)), order_for("ann")), answers[i]), asio::use_future));
  for (auto& one : all) one.get();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]->ok()) << answers[i]->error().detail;
    EXPECT_EQ(answers[i]->value().order().id(), "many-" + std::to_string(i));
  }
}

TEST_F(GrpcTest, TellsHealthServiceByService) {
  EXPECT_EQ(health("orders.v1.OrderService"), 1);
  EXPECT_EQ(health(""), 1);
  EXPECT_EQ(health("orders.v1.Nothing"), 0);
  server_->set_serving(false);
  EXPECT_EQ(health("orders.v1.OrderService"), 2);
  EXPECT_EQ(health(""), 2);
  server_->set_serving(true);
  EXPECT_EQ(health("orders.v1.OrderService"), 1);
}

// Asks grpc.reflection for the names of all services. Its messages are known here by descriptor alone.
TEST_F(GrpcTest, ListsItsServices) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName("grpc.reflection.v1alpha.ServerReflectionRequest");
  ASSERT_NE(type, nullptr);
  MessagePtr question(google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  question->GetReflection()->SetString(question.get(), type->FindFieldByName("list_services"), "*");

  grpc::GenericStub stub(grpc::CreateChannel(target_, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto stream = stub.PrepareCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(wait());
  const grpc::Slice slice(question->SerializeAsString());
  stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer answer;
  stream->Read(&answer, nullptr);
  ASSERT_TRUE(wait());
  EXPECT_THAT(text_of(answer), HasSubstr("orders.v1.OrderService"));
  EXPECT_THAT(text_of(answer), HasSubstr("grpc.health.v1.Health"));
  grpc::Status status;
  stream->WritesDone(nullptr);
  ASSERT_TRUE(wait());
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(wait());
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(GrpcTest, CountsWhatItAnswered) {
  ASSERT_FALSE(run(get(remote_, call_with(""), "nothing")).ok());
  const std::string exposed = metrics::exposition();
  EXPECT_THAT(exposed, HasSubstr("purser_grpc_requests_total{code=\"NOT_FOUND\",method=\"orders.v1.OrderService/GetOrder\"}"));
  EXPECT_THAT(exposed, HasSubstr("purser_grpc_request_duration_seconds_count{method=\"orders.v1.OrderService/GetOrder\"}"));
}

TEST_F(GrpcTest, DrainsWhenTheLastCallIsOver) {
  std::optional<Result<CreateOrderResponse>> held;
  auto call = asio::co_spawn(io_, keep(create(remote_, call_with("k-13"), order_for("held")), held), asio::use_future);
  orders_->gate.arrived.get_future().get();
  auto drained = asio::co_spawn(io_, server_->drain(seconds(60)), asio::use_future);

  const auto other = dial_grpc(target_, readonly_key_);
  for (auto late = run(get(other, call_with(""), "ord_1")); late.ok(); late = run(get(other, call_with(""), "ord_1"))) {}
  EXPECT_EQ(drained.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "one call is still at work";

  orders_->gate.open.try_send(boost::system::error_code());
  call.get();
  EXPECT_TRUE(held->ok()) << held->error().detail;
  drained.get();
}

TEST_F(GrpcTest, DrainsNoLongerThanItsGrace) {
  std::optional<Result<CreateOrderResponse>> held;
  auto call = asio::co_spawn(io_, keep(create(remote_, call_with("k-14"), order_for("held")), held), asio::use_future);
  orders_->gate.arrived.get_future().get();
  asio::co_spawn(io_, server_->drain(milliseconds(50)), asio::use_future).get();
  call.get();
  ASSERT_FALSE(held->ok());
  EXPECT_TRUE(held->error().is_fault());
}

TEST_F(GrpcTest, StopsAtOnceThoughHandlersAreAtWork) {
  std::optional<Result<CreateOrderResponse>> held;
  auto call = asio::co_spawn(io_, keep(create(remote_, call_with("k-15"), order_for("held")), held), asio::use_future);
  orders_->gate.arrived.get_future().get();
  server_.reset();
  call.get();
  ASSERT_FALSE(held->ok());
  EXPECT_TRUE(held->error().is_fault());
  orders_->gate.open.try_send(boost::system::error_code());
  orders_->gate.left.get_future().get();
}

TEST_F(GrpcTest, WillNotShareAPort) {
  EXPECT_THROW(serve_grpc(io_.get_executor(), "127.0.0.1", server_->port(),
                          {.services = {}, .keys = keys_.get(), .clock = &system_clock(), .random = &system_random()}),
               std::system_error);
}

}  // namespace
}  // namespace purser::rpc
