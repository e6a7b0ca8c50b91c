#include "tests/tidy/source.hpp"

#include <algorithm>
#include <cctype>

namespace purser::tidy {
namespace {

class Lexer {
 public:
  explicit Lexer(Source& source) : source_(source), text_(source.text) {}

  void run() {
    source_.code = text_;
    while (at_ < text_.size()) step();
  }

 private:
  void step() {
    if (starts("//")) return skip_to("\n", false);
    if (starts("/*")) return skip_to("*/", true);
    if (starts("R\"") && !after_word()) return raw_literal();
    if (text_[at_] == '"') return literal();
    if (text_[at_] == '\'' && !after_word()) return character();
    if (starts("#include")) return include();
    if (!std::isspace(static_cast<unsigned char>(text_[at_]))) joins_ = false;
    ++at_;
  }

  bool starts(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  bool after_word() const { return at_ > 0 && (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) || text_[at_ - 1] == '_'); }

  void blank(std::size_t end) {
    for (; at_ < end; ++at_)
      if (text_[at_] != '\n') source_.code[at_] = ' ';
  }

  void skip_to(std::string_view mark, bool with_mark) {
    const std::size_t found = text_.find(mark, at_ + 2);
    blank(found == std::string_view::npos ? text_.size() : found + (with_mark ? mark.size() : 0));
  }

  void keep_literal(std::string_view inside) {
    if (joins_) {
      source_.literals.back().text += inside;
    } else {
      source_.literals.push_back({line_of(text_, at_), std::string(inside)});
    }
    joins_ = true;
  }

  void literal() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    keep_literal(text_.substr(at_ + 1, end - at_ - 1));
    blank(std::min(end + 1, text_.size()));
  }

  void raw_literal() {
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return blank(text_.size());
    const std::string close = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    const std::size_t end = std::min(text_.find(close, open), text_.size());
    keep_literal(text_.substr(open + 1, end - open - 1));
    blank(std::min(end + close.size(), text_.size()));
  }

  void character() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '\'' && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    joins_ = false;
    blank(std::min(end + 1, text_.size()));
  }

  void include() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    const std::size_t open = line.find_first_of("<\"");
    if (open != std::string_view::npos) {
      const std::size_t close = line.find(line[open] == '<' ? '>' : '"', open + 1);
      if (close != std::string_view::npos)
        source_.includes.push_back({line_of(text_, at_), std::string(line.substr(open + 1, close - open - 1)), line[open] == '<'});
    }
    joins_ = false;
    blank(end);
  }

  Source& source_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool joins_ = false;  // nothing but space since the last literal
};

}  // namespace

Source read_source(std::string path, std::string text) {
  Source source{.path = std::move(path), .text = std::move(text), .code = {}, .literals = {}, .includes = {}};
  if (source.is_cpp()) Lexer(source).run();
  return source;
}

int line_of(std::string_view text, std::size_t at) { return 1 + static_cast<int>(std::ranges::count(text.substr(0, at), '\n')); }

}  // namespace purser::tidy
