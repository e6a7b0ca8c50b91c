#include "platform/rpc/routes.hpp"

#include "kernel/assert.hpp"

namespace purser::rpc {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }

}  // namespace

// Visits the nodes a path leads to, those by literal segments first.
struct RouteTable::Search {
  const std::string& method;
  const std::vector<std::string>& segments;
  RouteMatch match{};
  std::vector<std::string_view> values{};

  void visit(const Node& node, std::size_t depth) {
    if (match.route) return;
    if (depth == segments.size()) return arrive(node);
    if (const auto literal = node.literals.find(segments[depth]); literal != node.literals.end()) visit(*literal->second, depth + 1);
    if (node.parameter == nullptr || segments[depth].empty()) return;
    values.push_back(segments[depth]);
    visit(*node.parameter, depth + 1);
    values.pop_back();
  }

  void arrive(const Node& node) {
    for (const auto& [name, leaf] : node.leaves) match.methods.insert(name);
    const auto leaf = node.leaves.find(method);
    if (leaf == node.leaves.end()) return;
    match.route = leaf->second.route;
    for (std::size_t i = 0; i < values.size(); ++i) match.values.emplace_back(leaf->second.names[i], values[i]);
  }
};

void RouteTable::add(std::string_view method, std::string_view path, std::size_t route) {
  Node* node = &root_;
  std::vector<std::string> names;
  for (const std::string_view segment : segments_of(path)) {
    if (is_parameter(segment)) names.emplace_back(segment.substr(1, segment.size() - 2));
    auto& next = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (next == nullptr) next = std::make_unique<Node>();
    node = next.get();
  }
  const bool added = node->leaves.try_emplace(std::string(method), Node::Leaf{route, std::move(names)}).second;
  PURSER_ASSERT(added);
}

RouteMatch RouteTable::match(const std::string& method, const std::vector<std::string>& segments) const {
  Search search{.method = method, .segments = segments};
  search.visit(root_, 0);
  return std::move(search.match);
}

std::string allow_header(const std::set<std::string>& methods) {
  std::set<std::string> allowed = methods;
  if (allowed.contains("GET")) allowed.insert("HEAD");
  allowed.insert("OPTIONS");
  std::string text;
  for (const auto& method : allowed) text += (text.empty() ? "" : ", ") + method;
  return text;
}

}  // namespace purser::rpc
