// The parameters of one request, as Stripe's clients write them: flat pairs with nested names, "metadata[order_id]" = "17".
// From a form body or a query; the order sent is kept.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser::sandbox {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class Form {
 public:
  Form() = default;
  explicit Form(Pairs fields) : fields_(std::move(fields)) {}

  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string text(std::string_view name) const;                     // "" where absent
  bool flag(std::string_view name, bool otherwise = false) const;    // "true" or "1" is true
  std::optional<std::int64_t> integer(std::string_view name) const;  // nothing where absent or not a whole number
  Pairs group(std::string_view name) const;                          // metadata[a]=1 -> {a, 1}
  bool lists(std::string_view name, std::string_view value) const;   // expand[]=value or expand[0]=value
  // The first top-level name that is not among `known`, or nothing.
  std::optional<std::string> unknown(std::initializer_list<std::string_view> known) const;
  const Pairs& fields() const { return fields_; }

 private:
  Pairs fields_;
};

std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace purser::sandbox
