// JSON pointers (RFC 6901): the path to a value in a document.
#pragma once
#include <string>
#include <string_view>

namespace purser::json {

// One step down, to the member `name`: "/items" and "a/b" make "/items/a~1b".
inline void append_step(std::string& pointer, std::string_view name) {
  pointer += '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace purser::json
