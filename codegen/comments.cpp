#include "codegen/comments.hpp"

namespace purser::codegen {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Where the first sentence ends: at its full stop, or at the end of its paragraph.
std::size_t sentence_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return i;
    if (text[i] == '.' && (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\n')) return i;
  }
  return text.size();
}

}  // namespace

std::vector<std::string> comment_lines(std::string_view comment) {
  std::vector<std::string> lines;
  while (!comment.empty()) {
    const auto end = comment.find('\n');
    const std::string_view line = trimmed(comment.substr(0, end));
    if (!line.empty() || !lines.empty()) lines.emplace_back(line);
    comment = end == std::string_view::npos ? std::string_view() : comment.substr(end + 1);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string prose(std::string_view comment) {
  std::string text;
  for (const std::string& line : comment_lines(comment)) {
    if (line.empty()) {
      text += "\n\n";
    } else {
      if (!text.empty() && text.back() != '\n') text += ' ';
      text += line;
    }
  }
  return text;
}

std::string first_sentence(std::string_view text) { return std::string(text.substr(0, sentence_end(text))); }

std::string after_first_sentence(std::string_view text) {
  const auto end = sentence_end(text);
  return end < text.size() ? std::string(trimmed(text.substr(end + 1))) : std::string();
}

}  // namespace purser::codegen
