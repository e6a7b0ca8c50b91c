// Paths to routes: templates of literal and "{name}" segments. A literal segment wins over a parameter, and a route that takes the
// method over one that does not.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser::rpc {

using PathValues = std::vector<std::pair<std::string, std::string>>;

struct RouteMatch {
  std::optional<std::size_t> route;  // what was added under this method
  PathValues values;                 // of the parameters, in the path's order
  std::set<std::string> methods;     // what the path takes; empty where there is no such path
};

class RouteTable {
 public:
  // Two routes of one method and template are a mistake of the contracts: a bug.
  void add(std::string_view method, std::string_view path, std::size_t route);
  // `segments` are those of http::Target. A parameter never matches an empty one.
  RouteMatch match(const std::string& method, const std::vector<std::string>& segments) const;

 private:
  struct Node {
    struct Leaf {
      std::size_t route;
      std::vector<std::string> names;  // of the parameters
    };
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::map<std::string, Leaf> leaves;  // by method
  };
  struct Search;

  Node root_;
};

// "GET, HEAD, OPTIONS": the Allow header of a path that takes these methods.
std::string allow_header(const std::set<std::string>& methods);

}  // namespace purser::rpc
