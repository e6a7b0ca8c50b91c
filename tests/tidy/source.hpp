// One source file as the lint reads it: the code without its comments and literals, and the literals by themselves, each with the
// line it stands on. A small lexer, enough for C++ as it is written here.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace purser::tidy {

struct Literal {
  int line;
  std::string text;  // neighbours that the compiler joins are one literal
};

struct Include {
  int line;
  std::string path;
  bool angled;
};

struct Source {
  std::string path;  // from the repository's root
  std::string text;
  std::string code;  // text with comments, literals and includes blanked; the same lines
  std::vector<Literal> literals;
  std::vector<Include> includes;

  bool is_cpp() const { return path.ends_with(".cpp") || path.ends_with(".hpp"); }
  bool under(std::string_view folder) const { return path.starts_with(folder); }
  bool is_test() const { return under("tests/") || path.find("/tests/") != std::string::npos; }
};

Source read_source(std::string path, std::string text);
int line_of(std::string_view text, std::size_t at);

}  // namespace purser::tidy
