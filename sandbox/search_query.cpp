#include "sandbox/search_query.hpp"

namespace purser::sandbox {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  void skip_blanks() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  bool done() const { return text_.empty(); }
  bool take(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  // 'text' or "text"; a backslash keeps the character behind it.
  std::optional<std::string> quoted() {
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return std::nullopt;
    const char quote = text_.front();
    std::string out;
    for (std::size_t at = 1; at < text_.size(); ++at) {
      if (text_[at] == quote) {
        text_.remove_prefix(at + 1);
        return out;
      }
      if (text_[at] == '\\' && at + 1 < text_.size()) ++at;
      out += text_[at];
    }
    return std::nullopt;
  }
  std::optional<std::int64_t> number() {
    const std::string_view digits = text_.substr(0, text_.find_first_not_of("0123456789"));
    text_.remove_prefix(digits.size());
    return parse_integer(digits);
  }

 private:
  std::string_view text_;
};

bool read_clause(Reader& reader, Search& into) {
  if (reader.take("metadata[")) {
    auto key = reader.quoted();
    if (!key || !reader.take("]:")) return false;
    auto value = reader.quoted();
    if (!value) return false;
    into.metadata.emplace_back(*std::move(key), *std::move(value));
    return true;
  }
  if (reader.take("amount:")) {
    into.amount = reader.number();
    return into.amount.has_value();
  }
  const bool status = reader.take("status:");
  if (!status && !reader.take("currency:")) return false;
  auto value = reader.quoted();
  if (!value) return false;
  (status ? into.status : into.currency) = *std::move(value);
  return true;
}

}  // namespace

std::optional<Search> parse_search_query(std::string_view query) {
  Search search;
  Reader reader(query);
  for (bool first = true;; first = false) {
    reader.skip_blanks();
    if (reader.done()) return first ? std::nullopt : std::optional(search);
    if (!first && !reader.take("AND ")) return std::nullopt;
    reader.skip_blanks();
    if (!read_clause(reader, search)) return std::nullopt;
  }
}

}  // namespace purser::sandbox
