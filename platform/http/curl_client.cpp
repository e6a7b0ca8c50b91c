// The proof behind NotSent: libcurl calls us between "connected" (TLS included) and the first byte of a request, on every
// attempt (CURLOPT_PREREQFUNCTION). Where that call never came, no byte left; where it did, whatever went wrong is InDoubt,
// whichever error libcurl names. Its error codes alone would lie: a kept-alive connection that dies under a request is
// replaced and the request sent again by libcurl itself, so that "could not connect" may follow bytes that did arrive.
//
// That resend is the only one, and only where not one byte of an answer was read. A processor sees the identical request
// under the identical idempotency key, so it cannot act twice; requests without such a key must be harmless to repeat.
#include "platform/http/curl_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <thread>
#include <unordered_map>

#include "kernel/assert.hpp"
#include "platform/crash_point.hpp"

namespace purser::http {
namespace {

namespace asio = boost::asio;
using Resume = std::move_only_function<void(Outcome)>;

constexpr long idle_connection_seconds_max = 50;  // below the idle time-outs servers commonly have, so that few die under us
constexpr std::size_t idle_handles_max = 256;

struct CurlEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlLines {
  void operator()(curl_slist* lines) const { curl_slist_free_all(lines); }
};
using EasyHandle = std::unique_ptr<CURL, CurlEasy>;
using HeaderLines = std::unique_ptr<curl_slist, CurlLines>;

// One request under way, and what came back of it. Lives on the client's thread once started.
struct Transfer {
  Outbound request;
  Resume resume;
  HeaderLines lines{};
  Response response{};
  std::size_t received_bytes = 0;
  bool sending = false;        // from here on bytes may have left
  bool head_complete = false;  // the blank line after a final status came
  bool end_is_marked = false;  // by Content-Length or chunks: a cut cannot pass for the end
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> reason{};
};

bool starts_with_name(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' && curl_strnequal(line.data(), name.data(), name.size());
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

int on_request(void* transfer, char*, char*, int, int) {
  static_cast<Transfer*>(transfer)->sending = true;
  return CURL_PREREQFUNC_OK;
}

bool takes(Transfer& transfer, std::size_t bytes) {
  transfer.received_bytes += bytes;
  transfer.too_large = transfer.received_bytes > transfer.request.response_bytes_max;
  return !transfer.too_large;
}

void take_header_line(Transfer& transfer, std::string_view line) {
  if (line.starts_with("HTTP/")) {  // a final head follows every 100 Continue
    transfer.response.headers = {};
    transfer.head_complete = transfer.end_is_marked = false;
    const std::size_t space = line.find(' ');
    transfer.response.status = space == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(space + 1, 3)).c_str());
    return;
  }
  if (transfer.head_complete) return;  // a trailer
  if (trimmed(line).empty()) {
    transfer.head_complete = transfer.response.status >= 200;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  transfer.end_is_marked |= starts_with_name(line, "Content-Length") || starts_with_name(line, "Transfer-Encoding");
  transfer.response.headers.add(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!takes(transfer, size)) return 0;
  take_header_line(transfer, {bytes, size});
  return size;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!takes(transfer, size)) return 0;
  transfer.response.body.append(bytes, size);
  return size;
}

HeaderLines header_lines(const Outbound& request) {
  HeaderLines lines;
  const auto append = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(lines.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)lines.release();
    lines.reset(longer);
  };
  append("Expect:");  // libcurl would wait a second for permission to send a large body
  if (!request.headers.find("Content-Type")) append("Content-Type:");
  for (const Header& header : request.headers) {
    std::string line = header.name + (trimmed(header.value).empty() ? ";" : ": " + header.value);
    std::erase_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    append(line);
  }
  return lines;
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  // Only a libcurl built without what we need refuses one of ours.
  const CURLcode code = curl_easy_setopt(handle, option, value);
  PURSER_ASSERT(code == CURLE_OK);
}

void set_method(CURL* handle, const Outbound& request) {
  const bool sends_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (sends_body) {
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDS, request.body.data());
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_limits(CURL* handle, const Outbound& request) {
  const auto bounded = [](Duration length) {
    return static_cast<long>(std::clamp<std::int64_t>(length.ms, 1, 86'400'000));
  };  // 0 is "none" to libcurl
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, bounded(request.connect_timeout));
  set(handle, CURLOPT_TIMEOUT_MS, bounded(request.total_timeout));
  set(handle, CURLOPT_MAXAGE_CONN, idle_connection_seconds_max);
}

void set_connection(CURL* handle) {
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_QUICK_EXIT, 1L);  // a time-out while a name is looked up must not hold up everyone else's requests
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_PROXY, "");  // whatever the environment says
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_TCP_NODELAY, 1L);
  set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
}

void prepare(CURL* handle, Transfer& transfer) {
  transfer.lines = header_lines(transfer.request);
  set(handle, CURLOPT_HTTPHEADER, transfer.lines.get());
  set(handle, CURLOPT_URL, transfer.request.url.c_str());
  set(handle, CURLOPT_ERRORBUFFER, transfer.reason.data());
  set(handle, CURLOPT_PREREQFUNCTION, &on_request);
  set(handle, CURLOPT_PREREQDATA, &transfer);
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_HEADERDATA, &transfer);
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, &transfer);
  set_method(handle, transfer.request);
  set_limits(handle, transfer.request);
  set_connection(handle);
}

// Whole and readable, or not: libcurl calls an answer cut inside its header a success.
Outcome outcome_of(Transfer& transfer, CURLcode code) {
  const std::string reason = transfer.reason[0] != '\0' ? transfer.reason.data() : curl_easy_strerror(code);
  if (code != CURLE_OK && !transfer.sending) return NotSent{reason};
  if (transfer.too_large) return InDoubt{"the response is larger than " + std::to_string(transfer.request.response_bytes_max) + " bytes"};
  if (code != CURLE_OK) return InDoubt{reason};
  if (!transfer.head_complete) return InDoubt{"the response was cut inside its header"};
  const int status = transfer.response.status;
  const bool has_body = transfer.request.method != "HEAD" && status != 204 && status != 304;
  if (has_body && !transfer.end_is_marked) return InDoubt{"the response does not say where it ends, so a cut could not be told from its end"};
  return std::move(transfer.response);
}

class CurlClient : public Client {
 public:
  explicit CurlClient(CurlOptions options) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = curl_multi_init();
    PURSER_ASSERT(ready == CURLE_OK && multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.connections_per_host_max));
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(4 * options.connections_per_host_max));
    thread_ = std::thread([this] { run(); });
  }

  ~CurlClient() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    idle_.clear();
    curl_multi_cleanup(multi_);
  }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;

  Task<Outcome> send(Outbound request) override {
    pass_crash_point("before call");
    Outcome outcome = co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Outcome)>(
        [this](auto handler, Outbound outbound) { submit(std::move(outbound), resume_on_its_executor(std::move(handler))); }, asio::use_awaitable,
        std::move(request));
    pass_crash_point("after call");
    co_return outcome;
  }

 private:
  // The executor is told that work is outstanding, so that its context does not run dry while the answer is on its way.
  template <class AwaitHandler>
  static Resume resume_on_its_executor(AwaitHandler handler) {
    auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    return [executor = std::move(executor), handler = std::move(handler)](Outcome outcome) mutable {
      asio::post(executor, [handler = std::move(handler), outcome = std::move(outcome)]() mutable { std::move(handler)(std::move(outcome)); });
    };
  }

  void submit(Outbound request, Resume resume) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::make_unique<Transfer>(std::move(request), std::move(resume)));
    }
    curl_multi_wakeup(multi_);
  }

  void run() {
    while (start_queued()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      finish_done();
      curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    stop_all();
  }

  // False once the client is to stop; then the queue is left as it is.
  bool start_queued() {
    std::deque<std::unique_ptr<Transfer>> started;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      started.swap(queue_);
    }
    for (auto& transfer : started) start(std::move(transfer));
    return true;
  }

  void start(std::unique_ptr<Transfer> transfer) {
    EasyHandle handle = take_handle();
    CURL* const key = handle.get();
    if (key == nullptr) return transfer->resume(NotSent{"libcurl gave no handle"});
    prepare(key, *transfer);
    if (const CURLMcode code = curl_multi_add_handle(multi_, key); code != CURLM_OK) return transfer->resume(NotSent{curl_multi_strerror(code)});
    under_way_.emplace(key, Running{std::move(transfer), std::move(handle)});
  }

  void finish_done() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message is gone with its handle
      const auto found = under_way_.find(message->easy_handle);
      Running done = std::move(found->second);
      under_way_.erase(found);
      curl_multi_remove_handle(multi_, done.handle.get());
      Outcome outcome = outcome_of(*done.transfer, code);
      keep_handle(std::move(done.handle));
      done.transfer->resume(std::move(outcome));
    }
  }

  void stop_all() {
    for (auto& [key, running] : under_way_) {
      curl_multi_remove_handle(multi_, key);
      running.transfer->resume(InDoubt{"the client was stopped while the request was under way"});
    }
    under_way_.clear();
    for (auto& transfer : queue_) transfer->resume(NotSent{"the client was stopped before the request was sent"});
    queue_.clear();
  }

  EasyHandle take_handle() {
    if (idle_.empty()) return EasyHandle(curl_easy_init());
    EasyHandle handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }
  void keep_handle(EasyHandle handle) {
    if (idle_.size() >= idle_handles_max) return;
    curl_easy_reset(handle.get());
    idle_.push_back(std::move(handle));
  }

  struct Running {
    std::unique_ptr<Transfer> transfer;  // destroyed after the handle that points into it
    EasyHandle handle;
  };

  CURLM* multi_;
  std::mutex mutex_;
  std::deque<std::unique_ptr<Transfer>> queue_;   // under the mutex
  bool stopping_ = false;                         // under the mutex
  std::unordered_map<CURL*, Running> under_way_;  // the thread's own, as are the idle handles
  std::vector<EasyHandle> idle_;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<Client> make_curl_client(CurlOptions options) { return std::make_shared<CurlClient>(options); }

}  // namespace purser::http
