// A lifecycle as one table of edges: the only place where a context says which state may follow which.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace purser {

template <class State>
struct Edge {
  State from;
  State to;
};

template <class State, std::size_t N>
struct Transitions {
  std::array<Edge<State>, N> edges;

  constexpr bool allows(State from, State to) const {
    return std::ranges::any_of(edges, [&](const Edge<State>& edge) { return edge.from == from && edge.to == to; });
  }
  // The states that may follow, in the table's order.
  std::vector<State> after(State from) const {
    std::vector<State> states;
    for (const Edge<State>& edge : edges)
      if (edge.from == from) states.push_back(edge.to);
    return states;
  }
};

}  // namespace purser
