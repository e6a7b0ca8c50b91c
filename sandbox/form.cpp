#include "sandbox/form.hpp"

#include <algorithm>
#include <charconv>

namespace purser::sandbox {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const std::string* Form::find(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key == name) return &value;
  return nullptr;
}

std::string Form::text(std::string_view name) const {
  const std::string* found = find(name);
  return found ? *found : std::string();
}

bool Form::flag(std::string_view name, bool otherwise) const {
  const std::string* found = find(name);
  return found ? *found == "true" || *found == "1" : otherwise;
}

std::optional<std::int64_t> Form::integer(std::string_view name) const {
  const std::string* found = find(name);
  return found ? parse_integer(*found) : std::nullopt;
}

Pairs Form::group(std::string_view name) const {
  Pairs found;
  for (const auto& [key, value] : fields_) {
    if (key.size() < name.size() + 2 || !key.starts_with(name) || key[name.size()] != '[' || key.back() != ']') continue;
    found.emplace_back(key.substr(name.size() + 1, key.size() - name.size() - 2), value);
  }
  return found;
}

bool Form::lists(std::string_view name, std::string_view value) const {
  return std::ranges::any_of(fields_, [&](const auto& field) {
    return field.second == value && field.first.starts_with(name) && field.first.size() > name.size() && field.first[name.size()] == '[';
  });
}

std::optional<std::string> Form::unknown(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : fields_) {
    const std::string top = key.substr(0, key.find('['));
    if (std::ranges::find(known, top) == known.end()) return top;
  }
  return std::nullopt;
}

}  // namespace purser::sandbox
