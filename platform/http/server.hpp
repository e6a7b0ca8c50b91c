// HTTP/1.1 on one listening socket (Boost.Beast). Bounded in everything a client could grow: connections, header and body
// bytes, and the time a request may take to arrive and its answer to be read. One slow client costs one connection.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "kernel/time.hpp"
#include "platform/http/message.hpp"

namespace purser::http {

struct Limits {
  std::size_t header_bytes_max = 16 << 10;  // 431 beyond
  std::size_t body_bytes_max = 1 << 20;     // 413 beyond
  std::size_t connections_max = 4096;       // beyond: 503 and close
  Duration request_timeout = seconds(15);   // whole request, from its first byte: 408
  Duration idle_timeout = seconds(75);      // between requests
  Duration write_timeout = seconds(30);     // one response: the connection is dropped
  bool allow_cut = false;                   // for the sandbox: a response header "purser-sandbox-cut: <n>" has only the first
                                            // n bytes of the serialized response sent, and the connection closed
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;  // the bound port, also where 0 was asked for
  virtual std::size_t requests_in_flight() const = 0;
  virtual std::size_t connections() const = 0;
  // Stops accepting, answers what is in flight with "Connection: close", then closes; ends when the last one is closed or
  // `grace` has passed.
  virtual Task<void> drain(Duration grace) = 0;
};

// Listens at once; throws std::system_error where it cannot bind. `refuse` writes the body of the answers the server gives
// by itself (400, 408, 413, 431, 503), so that they look like all others.
using RefusalWriter = std::function<Response(Error)>;
std::shared_ptr<Server> listen(boost::asio::any_io_executor executor, const std::string& address, std::uint16_t port, Handler handler,
                               RefusalWriter refuse, Limits limits = {});

}  // namespace purser::http
