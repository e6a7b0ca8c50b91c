# Run by embed_migrations(): the SQL files of one owner as a function.
string(REPLACE "|" ";" FILES "${FILES}")
set(entries "")
foreach(file ${FILES})
  get_filename_component(name "${file}" NAME_WLE)
  file(READ "${file}" sql)
  string(APPEND entries "      {\"${OWNER}\", \"${name}\", R\"purser~(${sql})purser~\"},\n")
endforeach()
file(WRITE "${OUT}.hpp" "#pragma once
#include <vector>

#include \"platform/store/store.hpp\"

namespace ${NAMESPACE} {
std::vector<purser::store::Migration> migrations();
}
")
file(WRITE "${OUT}.cpp" "#include \"${FOLDER}/migrations.hpp\"

namespace ${NAMESPACE} {
std::vector<purser::store::Migration> migrations() {
  return {
${entries}  };
}
}
")
