// The comments people wrote in a .proto, as text.
#pragma once
#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <vector>

namespace purser::codegen {

// Its lines without the space after "//", without empty ones at either end.
std::vector<std::string> comment_lines(std::string_view comment);

// The comment above a declaration, or else the one behind it; empty where there is none.
template <class Descriptor>
std::string comment_of(const Descriptor& declaration) {
  google::protobuf::SourceLocation location;
  if (!declaration.GetSourceLocation(&location)) return {};
  return location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
}

// The same as running text: lines joined, an empty line kept as a paragraph.
std::string prose(std::string_view comment);

// The first sentence of running text, without its full stop. A full stop ends a sentence where a space or the end follows.
std::string first_sentence(std::string_view text);

// The running text behind its first sentence.
std::string after_first_sentence(std::string_view text);

}  // namespace purser::codegen
