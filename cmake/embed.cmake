# Files that travel inside the binary.

set(PURSER_GENERATED "${CMAKE_BINARY_DIR}/generated")

# embed_text(<target> <name> <file>): a library with `extern const std::string_view purser::embedded::<name>`, the text of the
# file, declared in "embedded/<name>.hpp". <file> may be made by the build.
function(embed_text target name file)
  set(out "${PURSER_GENERATED}/embedded/${name}")
  add_custom_command(
    OUTPUT "${out}.hpp" "${out}.cpp"
    COMMAND "${CMAKE_COMMAND}" -DFILE=${file} -DNAME=${name} -DOUT=${out} -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_text.cmake"
    DEPENDS "${file}" "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_text.cmake"
    COMMENT "Embedding ${name}"
    VERBATIM)
  add_library(${target} STATIC "${out}.cpp" "${out}.hpp")
  target_include_directories(${target} SYSTEM PUBLIC "${PURSER_GENERATED}")
endfunction()

# embed_migrations(<target> <folder> <owner> <namespace>): adds `std::vector<store::Migration> migrations()` in <namespace> to the
# target, declared in "<folder>/migrations.hpp": the files <folder>/migrations/*.sql in order of their names.
function(embed_migrations target folder owner namespace)
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/migrations/*.sql")
  list(SORT files)
  set(out "${PURSER_GENERATED}/${folder}/migrations")
  list(JOIN files "|" joined)
  add_custom_command(
    OUTPUT "${out}.hpp" "${out}.cpp"
    COMMAND "${CMAKE_COMMAND}" "-DFILES=${joined}" -DFOLDER=${folder} -DOWNER=${owner} -DNAMESPACE=${namespace} -DOUT=${out}
            -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_migrations.cmake"
    DEPENDS ${files} "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_migrations.cmake"
    COMMENT "Embedding ${folder}/migrations"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}.cpp" "${out}.hpp")
  target_include_directories(${target} SYSTEM PUBLIC "${PURSER_GENERATED}")
endfunction()
