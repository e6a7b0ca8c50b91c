#include "platform/http/message.hpp"

#include <algorithm>

namespace purser::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

constexpr bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_' || c == '~';
}

// Only a form and a query write a space as "+"; in a path it is itself.
enum class Plus : bool { literal, space };

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      decoded.push_back(text[i] == '+' && plus == Plus::space ? ' ' : text[i]);
    }
  }
  return decoded;
}

// A proxy sends "http://host/path" (RFC 9112 section 3.2.2): the path is what follows the authority.
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

std::optional<std::vector<std::string>> decode_segments(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const std::size_t slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash), Plus::literal);
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

void append_form_text(std::string& form, std::string_view text) {
  for (std::size_t space = 0; space != std::string_view::npos;) {
    space = text.find(' ');
    form += percent_encode(text.substr(0, space));
    if (space == std::string_view::npos) return;
    form.push_back('+');
    text.remove_prefix(space + 1);
  }
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& header : headers_)
    if (same_name(header.name, name)) return header.value;
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(headers_, [&](const Header& header) { return same_name(header.name, name); }));
}

void Headers::set(std::string_view name, std::string_view value) {
  // Copied first: a caller may pass a view into the very header that is replaced.
  Header replacement{std::string(name), std::string(value)};
  std::erase_if(headers_, [&](const Header& header) { return same_name(header.name, replacement.name); });
  headers_.push_back(std::move(replacement));
}

void Headers::add(std::string_view name, std::string_view value) { headers_.push_back({std::string(name), std::string(value)}); }

Target parse_target(std::string_view target) {
  const std::string_view origin = origin_form(target.substr(0, target.find('#')));
  const std::size_t mark = origin.find('?');
  Target parts;
  auto path = percent_decode(origin.substr(0, mark), Plus::literal);
  auto segments = decode_segments(origin.substr(0, mark));
  auto query = mark == std::string_view::npos ? parse_form({}) : parse_form(origin.substr(mark + 1));
  parts.valid = path && query;
  if (path) parts.path = std::move(*path);
  if (segments) parts.segments = std::move(*segments);
  if (query) parts.query = std::move(*query);
  if (parts.path.empty() && parts.valid) parts.path = "/";
  return parts;
}

std::string percent_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return encoded;
}

std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!body.empty()) {
    const std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), field.size() + 1));
    if (field.empty()) continue;
    const std::size_t equals = field.find('=');
    auto name = percent_decode(field.substr(0, equals), Plus::space);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1), Plus::space);
    if (!name || !value) return std::nullopt;
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

std::string write_form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string form;
  for (const auto& [name, value] : fields) {
    if (!form.empty()) form.push_back('&');
    append_form_text(form, name);
    form.push_back('=');
    append_form_text(form, value);
  }
  return form;
}

}  // namespace purser::http
