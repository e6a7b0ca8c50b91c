#include <algorithm>
#include <array>

#include "kernel/assert.hpp"
#include "sandbox/face.hpp"

namespace purser::sandbox {

std::span<const Face* const> faces() {
  static const std::array all = {&adyen_face(), &paypal_face(), &stripe_face()};
  return all;
}

const Face& face_for(std::string_view path) {
  const auto all = faces();
  const auto found = std::ranges::find_if(all, [&](const Face* face) { return path.starts_with(face->prefix()); });
  PURSER_ASSERT(found != all.end());
  return **found;
}

const Face* face_named(std::string_view name) {
  const auto all = faces();
  const auto found = std::ranges::find(all, name, &Face::name);
  return found == all.end() ? nullptr : *found;
}

}  // namespace purser::sandbox
