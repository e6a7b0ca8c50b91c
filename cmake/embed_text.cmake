# Run by embed_text(): FILE as a C++ string, in pieces that every compiler takes.
file(READ "${FILE}" text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 15000 piece)
  string(APPEND pieces "    R\"purser~(${piece})purser~\"\n")
  math(EXPR at "${at} + 15000")
endwhile()
if(pieces STREQUAL "")
  set(pieces "    \"\"\n")
endif()
file(WRITE "${OUT}.hpp" "#pragma once
#include <string_view>

namespace purser::embedded {
extern const std::string_view ${NAME};
}
")
file(WRITE "${OUT}.cpp" "#include \"embedded/${NAME}.hpp\"

namespace purser::embedded {
namespace {
constexpr char bytes[] =
${pieces};
}
const std::string_view ${NAME}{bytes, sizeof bytes - 1};
}
")
